"""Completion of command lines in bash and zsh.

Queries and options stand in the script itself, so that completing them starts no program. For the names of volumes and
the like the script asks `storpool_req --complete WORD ...`, which asks the cluster, and says nothing when that fails.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, Callable, Dict, Iterable, List

from ..spapi.call import CALLS
from .arguments import FORMATS, SHELLS, parser
from .command import from_config_with_overrides, of_query

__all__ = ["print_candidates", "script"]

# A cluster that takes longer is of no help between two keystrokes.
_TIMEOUT = 2.0
# Names with other characters would need quoting, which is left to people.
_PLAIN = re.compile(r"~?[A-Za-z0-9_.:@%+=/,-]+")

_BASH = r"""# Completion of storpool_req in bash.
# In ~/.bashrc:
#   source <(storpool_req --completion bash)
# or, for all users:
#   storpool_req --completion bash > /etc/bash_completion.d/storpool_req

_storpool_req() {
    local line=${COMP_LINE:0:COMP_POINT} piece cur query= queries=@GET@ asked= breaks prefix= found i n=-1
    local -a words=() candidates=()

    # Names have colons and at signs in them, at which bash splits words.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if [[ $i -eq 0 || $line == [[:space:]]* ]]; then
            line=${line#"${line%%[![:space:]]*}"}
            words[++n]=
        fi
        piece=${COMP_WORDS[i]}
        [[ $i -eq $COMP_CWORD ]] && piece=$line
        words[n]+=$piece
        line=${line#"$piece"}
    done
    cur=${words[n]}
    breaks=${COMP_WORDBREAKS//[^:=@]/}
    # What precedes the last such sign is not replaced, and an at sign belongs to what follows.
    [[ $breaks ]] && prefix=${cur%"${cur##*[$breaks]}"} && prefix=${prefix%@}

    for ((i = 1; i < n; i++)); do
        case ${words[i]} in
            @VALUED@) ((i++)) ;;
            -C?* | -o?*) ;;
            --list | --describe) queries=@ALL@ ;;
            --post | -[!-]*P* | -P*) queries=@POST@ ;;
            -*) ;;
            *) [[ $query ]] || query=${words[i]} ;;
        esac
    done

    COMPREPLY=()
    case ${words[n - 1]} in
        -o | --output) candidates=(@FORMATS@) ;;
        --completion) candidates=(@SHELLS@) ;;
        --json) return ;;
        -C | --clustername) asked=1 ;;
        *)
            if [[ $cur == -* ]]; then
                candidates=(@OPTIONS@)
            elif [[ $query ]]; then
                asked=1
            else
                # One that changes something is better found without its -P than not at all.
                [[ " $queries" == *" $cur"* ]] || queries=@ALL@
                candidates=($queries)
            fi
            ;;
    esac
    [[ $asked ]] && mapfile -t candidates < <("$1" --complete "${words[@]:1}" 2>/dev/null)
    for found in "${candidates[@]}"; do
        [[ $found == "$cur"* ]] && COMPREPLY+=("${found#"$prefix"}")
    done
}

complete -F _storpool_req storpool_req
"""

_ZSH = r"""#compdef storpool_req
# Completion of storpool_req in zsh.
# In ~/.zshrc, below compinit:
#   source <(storpool_req --completion zsh)
# or, for all users, in a directory of $fpath:
#   storpool_req --completion zsh > /usr/local/share/zsh/site-functions/_storpool_req

_storpool_req() {
    local query previous=$words[CURRENT-1] i
    local -a reading=(
@READING@
    ) changing=(
@CHANGING@
    ) options=(
@DESCRIBED@
    ) queries candidates
    queries=($reading)

    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
            (@VALUED@) ((i++)) ;;
            (-C?*|-o?*) ;;
            (--list|--describe) queries=($reading $changing) ;;
            (--post|-[^-]*P*|-P*) queries=($changing) ;;
            (-*) ;;
            (*) [[ -n $query ]] || query=$words[i] ;;
        esac
    done

    case $previous in
        (-o|--output) compadd -- @FORMATS@; return ;;
        (--completion) compadd -- @SHELLS@; return ;;
        (--json) _message 'the body, as JSON'; return ;;
        (-C|--clustername) ;;
        (*)
            if [[ $PREFIX == -* ]]; then
                _describe -o option options
                return
            elif [[ -z $query ]]; then
                # One that changes something is better found without its -P than not at all.
                candidates=(${(M)queries:#$PREFIX*})
                (( $#candidates )) || queries=($reading $changing)
                _describe query queries
                return
            fi
            ;;
    esac
    candidates=(${(f)"$(${(Q)words[1]} --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"})
    compadd -- $candidates
}

if [[ $funcstack[1] == _storpool_req ]]; then
    _storpool_req "$@"
else
    compdef _storpool_req storpool_req
fi
"""


def script(shell: str) -> str:
    """Give the script that teaches a shell how to complete our command lines."""
    described: Dict[str, str] = {}
    valued: List[str] = []
    for action in parser()._actions:
        for option in action.option_strings:
            described[option] = action.help or ""
            if action.nargs is None:
                valued.append(option)
    titles = {method: _titles(method) for method in ("GET", "POST")}
    lists = {
        "VALUED": " | ".join(valued),
        "FORMATS": " ".join(FORMATS),
        "SHELLS": " ".join(SHELLS),
        "OPTIONS": " ".join(described),
        "GET": shlex.quote(" ".join(titles["GET"])),
        "POST": shlex.quote(" ".join(titles["POST"])),
        "ALL": shlex.quote(" ".join(sorted({**titles["GET"], **titles["POST"]}))),
        "READING": _described(titles["GET"]),
        "CHANGING": _described(titles["POST"]),
        "DESCRIBED": _described(described),
    }
    return re.sub(r"@([A-Z]+)@", lambda found: lists[found[1]], {"bash": _BASH, "zsh": _ZSH}[shell])


def _titles(method: str) -> Dict[str, str]:
    calls = (call for call in CALLS.values() if call.method == method)
    return dict(sorted((call.query.partition("/{")[0], call.title) for call in calls))


def _described(titles: Dict[str, str]) -> str:
    return "\n".join("        " + shlex.quote(f"{name}:{title}") for name, title in titles.items())


def print_candidates(words: List[str]) -> None:
    """Print what may stand in the place of the last word of a command line, by what the cluster has."""
    try:
        found = [each for each in _candidates(words) if each.startswith(words[-1]) and _PLAIN.fullmatch(each)]
    except (Exception, SystemExit):
        # Whatever it is, a line that is being typed is no place for it.
        found = []
    for each in found:
        print(each)


def _candidates(words: List[str]) -> Iterable[str]:
    if words[-2:-1] in (["-C"], ["--clustername"]):
        wanted, given = "clusterName", words[:-2]
    else:
        wanted, given = "", words[:-1]
    args, _ = parser().parse_known_intermixed_args(given)
    query, *before = args.words or [""]
    if not wanted:
        calls = {name: call for name, call in CALLS.items() if call.method == ("POST" if args.post else "GET")}
        found = of_query(query, calls)
        wanted = found[min(found)].args[len(before)]._name
    api = from_config_with_overrides(multiCluster=args.multicluster, timeout=_TIMEOUT, transientRetries=0)

    def ask(call: str, *arguments: str) -> Any:
        return getattr(api, call)(*arguments, clusterName=args.clustername, returnRawAPIData=True)

    return map(str, _NAMES[wanted](ask, before))


# By the names of the arguments; with the arguments before them.
_NAMES: Dict[str, Callable[[Callable[..., Any], List[str]], Iterable[Any]]] = {
    "volumeName": lambda ask, _: (each["name"] for each in ask("volumesList")),
    "snapshotName": lambda ask, _: (each["name"] for each in ask("snapshotsList")),
    "globalVolumeId": lambda ask, _: (each["globalId"] for each in ask("snapshotsList")),
    "templateName": lambda ask, _: (each["name"] for each in ask("volumeTemplatesList")),
    "placementGroupName": lambda ask, _: ask("placementGroupsList"),
    "diskId": lambda ask, _: ask("disksList"),
    "serverId": lambda ask, _: ask("servicesList")["servers"],
    "clientId": lambda ask, _: ask("servicesList")["clients"],
    "bucketName": lambda ask, _: ask("kvsBuckets")["buckets"],
    "keyName": lambda ask, before: ask("kvsList", *before)["pairs"],
    "clusterName": lambda ask, _: (each["name"] for each in ask("clustersList")["clusters"]),
}
