#compdef storpool_req
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
        (--json) _message 'the body: JSON, @FILE, or - for standard input'; return ;;
        (-C|--clustername) ;;
        (@VALUED@) return ;;
        (*)
            if [[ $PREFIX == -* ]]; then
                _describe -o option options
                return
            elif [[ -z $query ]]; then
                # Offer POST queries without -P rather than nothing.
                candidates=(${(M)queries:#$PREFIX*})
                (( $#candidates )) || queries=($reading $changing)
                _describe query queries
                return
            fi
            ;;
    esac
    candidates=(${(f)"$(${(Q)words[1]} --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"})
    # After a key, a value follows at once.
    compadd -S '' -- ${(M)candidates:#*=}
    compadd -- ${candidates:#*=}
}

if [[ $funcstack[1] == _storpool_req ]]; then
    _storpool_req "$@"
else
    compdef _storpool_req storpool_req
fi
