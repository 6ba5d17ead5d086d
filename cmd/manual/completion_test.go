package manual

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// typed are command lines, each with what may follow: the whole word that may stand at its end. Those of options that are
// the same everywhere are few, as they come from one table.
var typed = map[string]struct {
	line string
	want []string
}{
	"a command or a module":          {"forebay ", append(slices.Clone(Names()), "app", "mysite.wsgi")},
	"the beginning of a command":     {"forebay sta", []string{"status", "stack"}},
	"a module":                       {"forebay my", []string{"mysite.wsgi"}},
	"nothing after an application":   {"forebay app:app ", nil},
	"an option":                      {"forebay --log-fo", []string{"--log-format"}},
	"a switch turned off":            {"forebay --no-pre", []string{"--no-preload"}},
	"an option after an application": {"forebay app:app --thr", []string{"--threads"}},
	"one of a list":                  {"forebay --log-level ", []string{"debug", "info", "warn", "error"}},
	"one of a list behind =":         {"forebay --log-level=wa", []string{"--log-level=warn"}},
	"a number":                       {"forebay --workers ", nil},
	"a file":                         {"forebay --config n", []string{"notes.txt"}},
	"a file for a letter":            {"forebay -c n", []string{"notes.txt"}},
	"a file or a word":               {"forebay --access-logfile s", []string{"syslog:", "static"}},
	"a directory":                    {"forebay --chdir ", []string{"static", "mysite", "my dir"}},
	"a directory behind =":           {"forebay --chdir=st", []string{"--chdir=static"}},
	"a directory in a directory":     {"forebay --chdir static/", []string{"static/css"}},
	"the second of several":          {"forebay --pythonpath lib,st", []string{"lib,static"}},
	"the directory of a prefix":      {"forebay --static /static/=st", []string{"/static/=static"}},
	"the directory of a prefix, =":   {"forebay --static=/static/=st", []string{"--static=/static/=static"}},
	"a kind of address":              {"forebay -b u", []string{"unix:"}},
	"the path of a socket":           {"forebay --bind unix:no", []string{"unix:notes.txt"}},
	"an option of a command":         {"forebay check --pri", []string{"--print"}},
	"a command behind an option":     {"forebay -w 4 --chdir check check --pri", []string{"--print"}},
	"no option of another command":   {"forebay --pri", nil},
	"a module to check":              {"forebay check a", []string{"app"}},
	"options of one's own":           {"forebay compress --", []string{"--min-size", "--codings", "--quiet", "--help"}},
	"a list of one's own":            {"forebay compress --codings br,z", []string{"br,zstd"}},
	"a directory as an argument":     {"forebay compress st", []string{"static"}},
	"a second one":                   {"forebay compress static my", []string{"mysite", "my dir"}},
	"a shell":                        {"forebay completion ", Shells},
	"no second shell":                {"forebay completion bash ", nil},
	"what reaches a server":          {"forebay status --admin-c", []string{"--admin-cert", "--admin-client-ca"}},
	"nothing else of a server's":     {"forebay status --work", nil},
	"after two dashes":               {"forebay -- --wor", nil},
}

// shells are what asks a shell, in the current directory and with its script, how lines go on. What comes back for each of
// them is whole words, or their ends behind = , or :, as the shell has it.
var shells = map[string]func(t *testing.T, script string, lines []string) [][]string{
	"bash": each(askBash), "fish": each(askFish), "zsh": askZsh,
}

func each(ask func(t *testing.T, script, line string) []string) func(*testing.T, string, []string) [][]string {
	return func(t *testing.T, script string, lines []string) [][]string {
		var all [][]string
		for _, line := range lines {
			all = append(all, ask(t, script, line))
		}
		return all
	}
}

func TestCompletion(t *testing.T) {
	var names, lines []string
	for name, c := range typed {
		names, lines = append(names, name), append(lines, c.line)
	}
	for shell, ask := range shells {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed", shell)
			}
			script := filepath.Join(t.TempDir(), "script")
			require.NoError(t, os.WriteFile(script, []byte(Completion(shell)), 0o600))
			enterProject(t)
			found := ask(t, script, lines)
			require.Len(t, found, len(lines))
			for i, name := range names {
				t.Run(name, func(t *testing.T) {
					assert.ElementsMatch(t, ends(lines[i], typed[name].want), ends(lines[i], found[i]), lines[i])
				})
			}
		})
	}
}

// enterProject makes files to choose from.
func enterProject(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"mysite/wsgi.py", "static/css/site.css", "my dir/x", "app.py", "gunicorn.conf.py", "notes.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
}

// ends are words without what stands in the line already, up to the last of = , and :, and without the slash that shows a
// directory.
func ends(line string, words []string) []string {
	before := regexp.MustCompile(`[^ ]*[=,:]`).FindString(line[strings.LastIndex(line, " ")+1:])
	var all []string
	for _, word := range words {
		for _, start := range []string{before, before[strings.IndexAny(before, "=")+1:]} {
			word = strings.TrimPrefix(word, start)
		}
		all = append(all, strings.TrimSuffix(word, "/"))
	}
	slices.Sort(all)
	return all
}

// shellDeadline is for a shell that waits for a key, which nobody presses.
const shellDeadline = 2 * time.Minute

// outputOf are the lines that a program prints.
func outputOf(t *testing.T, program string, args ...string) []string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), shellDeadline)
	defer stop()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=dumb")
	out, err := command.Output()
	require.NoError(t, err, "%s\n%s", command, out)
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// bashParts are the pieces that bash makes of a line: blanks part words, and so do = and :, which are words.
var bashParts = regexp.MustCompile(`[=:]+|[^ =:]+|(?: )$`)

// askBash calls the script's function as bash does when TAB is pressed.
func askBash(t *testing.T, script, line string) []string {
	words := bashParts.FindAllString(line, -1)
	for i, word := range words {
		words[i] = "'" + strings.TrimSpace(word) + "'"
	}
	program := "source '" + script + "'; compopt() { :; }; " +
		"COMP_LINE='" + line + "' COMP_POINT=" + strconv.Itoa(len(line)) + " COMP_CWORD=" + strconv.Itoa(len(words)-1) +
		" COMP_WORDS=(" + strings.Join(words, " ") + "); _forebay; printf '%s\\n' \"${COMPREPLY[@]}\""
	return withoutEmpty(outputOf(t, "bash", "--norc", "--noprofile", "-c", program))
}

// askFish asks fish itself.
func askFish(t *testing.T, script, line string) []string {
	lines := outputOf(t, "fish", "--no-config", "-c", "source '"+script+"'; complete -C '"+line+"'")
	for i, found := range lines {
		lines[i], _, _ = strings.Cut(found, "\t") // a description follows
	}
	return withoutEmpty(lines)
}

// zshStart is a .zshrc: each line is there as if it were typed, TAB is pressed at its end, and what completion adds to the
// list goes into a file.
const zshStart = `
autoload -Uz compinit && compinit -u -D
source $COMPLETION_SCRIPT
lines=("${(@f)COMPLETION_LINES}")
compadd() {
    (( ! ${argv[(I)-[OAD]]} )) || { builtin compadd "$@"; return } # it asks what would fit, and adds nothing
    local -a found hidden
    builtin compadd -O found "$@"
    zparseopts -E p:=hidden
    print -rl -- ${hidden[2]-}$^found >>$COMPLETION_FOUND
    builtin compadd "$@"
}
zle-line-init() {
    (( $#lines )) || exit
    BUFFER=$lines[1] CURSOR=$#BUFFER
    shift lines
    zle complete-word
    print -r -- "$COMPLETION_END" >>$COMPLETION_FOUND
    BUFFER=
    zle accept-line
}
zle -N zle-line-init
unsetopt listambiguous autolist
`

// askZsh presses TAB in a zsh on a terminal, which another zsh makes.
func askZsh(t *testing.T, script string, lines []string) [][]string {
	const end = "end of a line"
	dir := t.TempDir()
	file := filepath.Join(dir, "found")
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".zshrc"), []byte(zshStart), 0o600))
	t.Setenv("ZDOTDIR", dir)
	t.Setenv("COMPLETION_SCRIPT", script)
	t.Setenv("COMPLETION_LINES", strings.Join(lines, "\n"))
	t.Setenv("COMPLETION_FOUND", file)
	t.Setenv("COMPLETION_END", end)
	said := outputOf(t, "zsh", "-f", "-c", "zmodload zsh/zpty && zpty z zsh -d -i && while zpty -r z; do :; done")
	text, err := os.ReadFile(file)
	require.NoError(t, err, said)
	var all [][]string
	for part := range strings.SplitSeq(strings.TrimSuffix(string(text), end+"\n"), end+"\n") {
		words := withoutEmpty(strings.Split(strings.ReplaceAll(part, `\ `, " "), "\n"))
		if len(all) < len(lines) && strings.HasSuffix(lines[len(all)], " ") {
			// Where there is no argument any more it offers options without being asked.
			words = slices.DeleteFunc(words, func(word string) bool { return strings.HasPrefix(word, "-") })
		}
		slices.Sort(words)
		all = append(all, slices.Compact(words))
	}
	return all
}

func withoutEmpty(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// An option has one meaning, whatever the command: the scripts complete its value by its name alone.
func TestOptionsOfOneNameAreTheSame(t *testing.T) {
	seen := map[string]Option{}
	for _, command := range append(slices.Clone(Commands), Serve) {
		for _, option := range command.All() {
			if before, known := seen[option.Long]; known {
				assert.Equal(t, before.Value, option.Value, option.Long)
				assert.Equal(t, before.Short, option.Short, option.Long)
			}
			seen[option.Long] = option
		}
	}
}

func TestNoCompletionForOtherShells(t *testing.T) {
	assert.Empty(t, Completion("tcsh"))
}
