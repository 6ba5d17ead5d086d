#compdef forebay
# Completes command lines of forebay in zsh. "forebay completion zsh" prints it.

# A program is a file, or a name that is looked for in PATH.
_forebay_program() { _alternative 'files:file:_files' 'commands:command:_path_commands' }

# An address may be unix: and a path.
_forebay_socket() {
    if compset -P unix:; then
        _files
    else
        compadd -S '' - unix: fd://
    fi
}

# PREFIX=DIR
_forebay_mapping() { compset -P '*=' && _files -/ }

# Several values, with commas between them.
_forebay_files() { compset -P '*,'; _files "$@" }
_forebay_words() { compset -P '*,'; compadd - "$@" }

# The modules that lie here, and those that projects of Django have.
_forebay_module() {
    local -a modules
    modules=(*.py(N) */wsgi.py(N))
    modules=(${${(M)${modules%.py}:#[A-Za-z0-9_/]#}//\//.})
    _wanted modules expl module compadd -a modules
}

_forebay_first() {
    local -a commands
    commands=(
@COMMANDS@
    )
    _describe -t commands command commands
    _forebay_module
}

_forebay() {
    setopt localoptions extendedglob
    local curcontext=$curcontext expl state ret=1
    local -a options
    local -A opt_args

    options=(
@SERVE@
    )
    _arguments -C -s -S : $options '1: :_forebay_first' '*:: :->rest' && ret=0
    [[ $state == rest ]] || return ret

    case $words[1] in
@CASES@
    *) _arguments -s -S : $options && ret=0 ;;
    esac
    return ret
}

if [[ ${funcstack[1]} == _forebay ]]; then
    _forebay "$@"
else
    compdef _forebay forebay
fi
