"""`kmon-tui completion SHELL`: a small script per shell, which asks the program itself what may come next."""

from __future__ import annotations

from kmon_tui.cli.out import OK, write
from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError

_BASH = """\
# kmon-tui completion for bash; put this into ~/.bashrc: source <(kmon-tui completion bash)
_kmon_tui() {
    local line candidates=() files=1
    while IFS= read -r line; do
        case "$line" in
            :4) files=0 ;;
            :*) ;;
            *) candidates+=("${line%%$'\\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "${candidates[*]}" -- "${COMP_WORDS[COMP_CWORD]}"))
    if [ "$files" = 1 ] && [ "${#COMPREPLY[@]}" = 0 ]; then
        COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
complete -F _kmon_tui kmon-tui
"""
_ZSH = """\
#compdef kmon-tui
# kmon-tui completion for zsh; put this into ~/.zshrc after compinit: source <(kmon-tui completion zsh)
_kmon_tui() {
    local line name files=1
    local -a candidates
    for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case "$line" in
            :4) files=0 ;;
            :*|'') ;;
            *) name="${line%%$'\\t'*}"
               candidates+=("${name//:/\\\\:}${${line#"$name"}/$'\\t'/:}") ;;
        esac
    done
    _describe -V kmon-tui candidates && return
    [ "$files" = 1 ] && _files
}
if [ "$funcstack[1]" = _kmon_tui ]; then _kmon_tui "$@"; else compdef _kmon_tui kmon-tui; fi
"""
_FISH = """\
# kmon-tui completion for fish; write this to ~/.config/fish/completions/kmon-tui.fish
function __kmon_tui_complete
    set -l words (commandline -opc) (commandline -ct)
    kmon-tui __complete $words[2..-1] 2>/dev/null | string match -v -r '^:\\d+$'
end
complete -c kmon-tui -f -a '(__kmon_tui_complete)'
complete -c kmon-tui -l kubeconfig -r -F
complete -c kmon-tui -l log-file -r -F
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
    write(_SCRIPTS[shell])
    return OK
