# Completes command lines of forebay in fish. "forebay completion fish" prints it.

# The words so far that are neither options nor their values.
function __forebay_words
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
        else if string match -q -- '-?*' $word
            contains -- (string replace -a -- _ - $word) @VALUED@
            and set skip yes
        else
            echo -- $word
        end
    end
end

# Whether no command is there yet, and no application.
function __forebay_first
    test -z "$(__forebay_words)"
end

# __forebay_for COMMAND...: whether it is one of these; without a command it is "serve".
function __forebay_for
    set -l words (__forebay_words)
    set -l command serve
    contains -- "$words[1]" @COMMANDS@
    and set command $words[1]
    contains -- $command $argv
end

# __forebay_argument COMMAND...: whether it is one of these, and its only argument is to come.
function __forebay_argument
    __forebay_for $argv
    and test (count (__forebay_words)) = 1
end

# The value that is being typed: --option=VALUE may be one word.
function __forebay_value
    string replace -r -- '^--[^=]+=' '' (commandline -ct)
end

# __forebay_list WORD...: one of these after those that are there, with commas between them.
function __forebay_list
    set -l before (string match -r -- '^.*,' (__forebay_value))
    printf '%s\n' "$before"$argv
end

# __forebay_paths BEFORE [dirs]: what is in the file system behind BEFORE, a part of the value.
function __forebay_paths
    set -l rest (string sub -s (math 1 + (string length -- "$argv[1]")) -- (__forebay_value))
    set -l found $rest*/
    test "$argv[2]" = dirs
    or set found $found $rest*
    printf '%s\n' "$argv[1]"$found
end

# Several files, or directories, with commas between them.
function __forebay_files
    __forebay_paths (string match -r -- '^.*,' (__forebay_value); or echo '')
end
function __forebay_dirs
    __forebay_paths (string match -r -- '^.*,' (__forebay_value); or echo '') dirs
end

# PREFIX=DIR
function __forebay_mapping
    set -l before (string match -r -- '^[^=]*=' (__forebay_value))
    and __forebay_paths $before dirs
end

# An address may be unix: and a path.
function __forebay_socket
    if string match -q -- 'unix:*' (__forebay_value)
        __forebay_paths unix:
    else
        printf '%s\n' unix: fd://
    end
end

# The modules that lie here, and those that projects of Django have.
function __forebay_modules
    set -l files *.py */wsgi.py
    string replace -a / . -- (string match -r -- '^[A-Za-z0-9_/]+(?=\.py$)' $files)
end

complete -c forebay -f
@COMMAND_LINES@
complete -c forebay -n '__forebay_first; or __forebay_argument check' -a '(__forebay_modules)' -d module
@ARGUMENT_LINES@
@OPTION_LINES@
