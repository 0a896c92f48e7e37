"""`kmon-tui completion SHELL`: a small script per shell, which asks the program itself what may come next."""

from __future__ import annotations

from kmon_tui.cli.candidates import FILES
from kmon_tui.cli.flags import COMMANDS, EVERYWHERE, Row
from kmon_tui.cli.out import OK, write
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError

_BASH = r"""# kmon-tui completion for bash; put this into ~/.bashrc: source <(kmon-tui completion bash)
_kmon_tui() {
    local rest="${COMP_LINE:0:COMP_POINT}" program="${COMP_WORDS[0]/#\~/$HOME}" words=() files=1
    local blank word line last current kept quoted="" i
    # bash parts words at = : and @, too: what no blank parts is put together again
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blank="${rest%%[![:blank:]]*}"
        rest="${rest#"$blank"}"
        word="${COMP_WORDS[i]}"
        [ "$i" = "$COMP_CWORD" ] && word="$rest"
        rest="${rest#"$word"}"
        if [ -n "$blank" ] || [ "$i" = 0 ]; then
            words+=("$word")
        else
            last=$((${#words[@]} - 1))
            words[last]="${words[last]}$word"
        fi
    done
    last=$((${#words[@]} - 1))
    current="${words[last]}"
    case "$current" in [\"\']*) current="${current:1}"; quoted=1 ;; esac
    # the beginning of the word that readline keeps: it replaces what comes after, and an @ itself
    kept="${current%"${current##*["$COMP_WORDBREAKS"]}"}"
    kept="${kept%@}"
    [ -n "$quoted" ] && kept=""
    type -P "$program" >/dev/null || program=kmon-tui
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :4) files=0 ;;
            :*) ;;
            *)  word="${line%%$'\t'*}"
                word="${word#"$kept"}"
                [ -n "$quoted" ] || printf -v word %q "$word"
                COMPREPLY+=("$word") ;;
        esac
    done < <("$program" __complete "${words[@]:1:last-1}" "$current" 2>/dev/null)
    [ "$files" = 1 ] && [ "${#COMPREPLY[@]}" = 0 ] && compopt -o default 2>/dev/null
}
complete -F _kmon_tui kmon-tui
"""
_ZSH = r"""#compdef kmon-tui
# kmon-tui completion for zsh; put this into ~/.zshrc after compinit: source <(kmon-tui completion zsh)
_kmon_tui() {
    local line name about program="${words[1]/#\~/$HOME}" files=1
    local -a candidates before
    [ "$CURRENT" -gt 2 ] && before=("${(@Q)words[2,CURRENT-1]}")
    whence -p -- "$program" >/dev/null || program=kmon-tui
    for line in "${(@f)$("$program" __complete "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        case "$line" in
            :4) files=0 ;;
            :*|'') ;;
            *)  name="${line%%$'\t'*}"
                about="${line#"$name"}"
                candidates+=("${${name//\\/\\\\}//:/\\:}${about/$'\t'/:}") ;;
        esac
    done
    _describe -V kmon-tui candidates && return
    [ "$files" = 1 ] || return 1
    compset -P '-*='
    _files
}
if [ "${funcstack[1]//-/_}" = _kmon_tui ]; then _kmon_tui "$@"; else compdef _kmon_tui kmon-tui; fi
"""
_FISH = r"""# kmon-tui completion for fish; write this to ~/.config/fish/completions/kmon-tui.fish
function __kmon_tui_complete
    set -l current (commandline -ct)
    set -l plain (string unescape -- "$current"); or set plain "$current"
    kmon-tui __complete (commandline -opc)[2..-1] "$plain" 2>/dev/null | string match -v -r '^:\d+$'
end
complete -c kmon-tui -f -k -a '(__kmon_tui_complete)'
"""
_KUBECTL = """\
#!/bin/sh
# Completion of `kubectl kmon`: write this to a file named kubectl_complete-kmon on your PATH and make it executable.
exec kmon-tui __complete "$@"
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "kubectl": _KUBECTL}


def run(start: Start) -> int:
    """Print the script of one shell."""
    shell = start.text("name")
    if shell not in _SCRIPTS:
        raise SettingsError(f"there is no completion for {shell!r}", f"Choose {', '.join(_SCRIPTS)}.")
    write(_SCRIPTS[shell] + (_fish_files() if shell == "fish" else ""))
    return OK


def _fish_files() -> str:
    """Name the flags that take files: fish itself completes those."""
    everywhere = [row for _, rows in EVERYWHERE for row in rows]
    lines = [_fish_flag(row, "") for row in everywhere if row[2] in FILES]
    for command, (_, _, own) in COMMANDS.items():
        only = f" -n '__fish_seen_subcommand_from {command}'"
        lines += [_fish_flag(row, only) for row in own if row[2] in FILES]
    return "".join(lines)


def _fish_flag(row: Row, only: str) -> str:
    names, _, _, about = row
    flags = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in names)
    quoted = about.replace("'", "\\'")
    return f"complete -c kmon-tui{only} {flags} -r -F -d '{quoted}'\n"
