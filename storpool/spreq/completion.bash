# Completion of storpool_req in bash.
# In ~/.bashrc:
#   source <(storpool_req --completion bash)
# or, for all users:
#   storpool_req --completion bash > /etc/bash_completion.d/storpool_req

_storpool_req() {
    local line=${COMP_LINE:0:COMP_POINT} piece cur query= queries=@GET@ asked= breaks prefix= found i n=-1
    local -a words=() candidates=()

    # bash splits words at the colons and at signs in names; join them again.
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
    # bash replaces only what follows the last such sign; an at sign belongs to what follows it.
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
        -C | --clustername) asked=1 ;;
        @VALUED@) return ;;
        *)
            if [[ $cur == -* ]]; then
                candidates=(@OPTIONS@)
            elif [[ $query ]]; then
                asked=1
            else
                # Offer POST queries without -P rather than nothing.
                [[ " $queries" == *" $cur"* ]] || queries=@ALL@
                candidates=($queries)
            fi
            ;;
    esac
    [[ $asked ]] && mapfile -t candidates < <("$1" --complete "${words[@]:1}" 2>/dev/null)
    for found in "${candidates[@]}"; do
        [[ $found == "$cur"* ]] && COMPREPLY+=("${found#"$prefix"}")
    done
    # A value follows at once.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}

complete -F _storpool_req storpool_req
