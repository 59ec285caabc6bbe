#!/bin/sh
# Run a command on what looks like an OpenStack node with StorPool: /etc/storpool.conf may be written, and
# /dev/storpool and /var/spool/openstack-storpool are there. All of it is gone with the command; the machine's own files stay.
set -eu

if [ "${1:-}" != --inside ]; then
    kept=$(mktemp -d)
    status=0
    unshare --user --map-root-user --mount "$0" --inside "$kept" "$@" || status=$?
    rmdir "$kept"
    exit $status
fi
kept=$2
shift 2

# Empty directories over those of the machine, with links to all that was there.
mount -t tmpfs tmpfs "$kept"
for place in /etc /dev /var/spool; do
    mkdir -p "$kept$place"
    mount --rbind "$place" "$kept$place"
    mount -t tmpfs -o mode=755 tmpfs "$place"
    ln -s "$kept$place"/* "$place"
done
# Links too, where the machine has StorPool itself.
rm -f /etc/storpool.conf /etc/storpool.conf.d /dev/storpool /dev/storpool-byid /var/spool/openstack-storpool
mkdir /dev/storpool /var/spool/openstack-storpool
touch /etc/not-the-machines-own
exec "$@"
