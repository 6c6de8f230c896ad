# fish completion for aimharder. Written by `aimharder completions fish`. The program prints the candidates.
function __fish_aimharder
    set -l words (commandline -opc) (commandline -ct)
    command aimharder __complete fish -- $words 2>/dev/null
end
complete -c aimharder -f -a '(__fish_aimharder)'
