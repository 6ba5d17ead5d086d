# Completes command lines of forebay in bash. "forebay completion bash" prints it. It works without bash-completion.

# __forebay_add WORD...: offers words that go on from what is typed. lead and before are what stands before the value.
__forebay_add() {
    local word
    for word; do
        word=$lead$before$word
        COMPREPLY+=("${word#"$skip"}")
    done
}

# __forebay_lines: offers what stands on the lines of its input.
__forebay_lines() {
    local line
    while IFS= read -r line; do
        __forebay_add "$line"
    done
}

__forebay_words() { __forebay_lines < <(compgen -W "$1" -- "$value"); }

__forebay_files() {
    compopt -o filenames 2>/dev/null
    __forebay_lines < <(compgen -f -- "$value")
}

__forebay_dirs() {
    compopt -o filenames 2>/dev/null
    __forebay_lines < <(compgen -d -- "$value")
}

# A program is a file, or a name that is looked for in PATH.
__forebay_program() {
    __forebay_files
    [[ -z $value || $value == */* ]] || __forebay_lines < <(compgen -c -- "$value" | sort -u)
}

# An address may be unix: and a path.
__forebay_socket() {
    if [[ $value == unix:* ]]; then
        before+=unix: value=${value#unix:}
        __forebay_files
    else
        compopt -o nospace 2>/dev/null
        __forebay_words 'unix: fd://'
    fi
}

# PREFIX=DIR
__forebay_mapping() {
    [[ $value == *=* ]] || return
    before+=${value%%=*}= value=${value#*=}
    __forebay_dirs
}

# The modules that lie here, and those that projects of Django have.
__forebay_modules() {
    local file modules=
    while IFS= read -r file; do
        file=${file%.py}
        [[ $file == *[!A-Za-z0-9_/]* ]] || modules+=" ${file//\//.}"
    done < <(compgen -G '*.py'; compgen -G '*/wsgi.py')
    __forebay_words "$modules"
}

# __forebay_value OPTION VALUE: offers what the value of an option may become.
__forebay_value() {
    local value=$2 before=
    case $1 in
    @COMMAS@)
        before=${value%"${value##*,}"} value=${value##*,}
        ;;
    esac
    case $1 in
@VALUES@
    esac
}

# __forebay_argument COMMAND VALUE: offers arguments of a command.
__forebay_argument() {
    local value=$2 before=
    case $1 in
@ARGUMENTS@
    esac
}

# __forebay_options COMMAND VALUE: offers the options that a command takes.
__forebay_options() {
    local value=$2 before=
    case $1 in
@OPTIONS@
    esac
}

_forebay() {
    COMPREPLY=()
    local IFS=$' \t\n' words=() line=${COMP_LINE:0:COMP_POINT} rest word i
    # Bash parts words at = and : as well, forebay does not: what stands together belongs together.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:space:]]*}"}
        word=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || word=$rest
        if ((i == 0)) || [[ $rest != "$line" ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${rest#"$word"}
    done

    # What is to be completed, and what of it bash does not replace.
    local current=${words[${#words[@]} - 1]} skip lead=
    [[ $word != [=:] ]] || word=
    skip=${current%"$word"}

    # The command, or the application; and the option whose value is to come.
    local first= command=serve given= ended= option=
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ -n $option ]]; then
            option=
        elif [[ -z $ended && $word == -?* ]]; then
            [[ $word != --* ]] || word=${word//_/-}
            case $word in
            --) ended=yes ;;
            @VALUED@)
                option=$word
                ;;
            esac
        elif [[ -z $first ]]; then
            first=$word
            case $word in
            @COMMANDS@) command=$word ;;
            esac
        else
            given=yes
        fi
    done
    case $command in
    @REPEATS@) given= ;;
    esac

    if [[ -n $option ]]; then
        __forebay_value "$option" "$current"
    elif [[ -z $ended && $current == --*=* ]]; then
        lead=${current%%=*}=
        option=${current%%=*}
        __forebay_value "${option//_/-}" "${current#*=}"
    elif [[ -z $ended && $current == -* ]]; then
        __forebay_options "$command" "$current"
    elif [[ -z $first ]]; then
        __forebay_argument first "$current"
    elif [[ -z $given ]]; then
        __forebay_argument "$command" "$current"
    fi
}

complete -F _forebay forebay
