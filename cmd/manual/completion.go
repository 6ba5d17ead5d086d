package manual

import (
	"cmp"
	"slices"
	"strings"
)

// Shells are those whose command lines can be completed.
var Shells = []string{"bash", "zsh", "fish"}

// Completion is the script that has a shell complete command lines of forebay. It is empty for a shell that is none of
// Shells.
func Completion(shell string) string {
	switch shell {
	case "bash":
		return bashScript()
	case "zsh":
		return zshScript()
	case "fish":
		return fishScript()
	default:
		return ""
	}
}

// offered is an option with the commands that take it.
type offered struct {
	Option
	commands []string
}

// serveName stands for the command without a name where a script needs a word.
const serveName = "serve"

// allOptions are those of all commands. One of several commands is the same for all of them: a test holds this.
func allOptions() []offered {
	var all []offered
	for _, command := range append([]Command{Serve}, Commands...) {
		for _, option := range command.All() {
			name := cmp.Or(command.Name, serveName)
			i := slices.IndexFunc(all, func(o offered) bool { return o.Long == option.Long })
			if i < 0 {
				all = append(all, offered{option, []string{name}})
			} else {
				all[i].commands = append(all[i].commands, name)
			}
		}
	}
	return all
}

// longWords are its long forms as they are typed.
func (o Option) longWords() []string {
	words := []string{"--" + o.Long}
	if o.Negatable {
		words = append(words, "--no-"+o.Long)
	}
	return words
}

// words are all forms of it as they are typed.
func (o Option) words() []string {
	words := o.longWords()
	if o.Short != "" {
		words = append(words, "-"+o.Short)
	}
	return words
}

// fill puts texts in the places of a script that begin and end with @.
func fill(script string, places map[string]string) string {
	var pairs []string
	for name, text := range places {
		pairs = append(pairs, "@"+name+"@", text)
	}
	return strings.NewReplacer(pairs...).Replace(script)
}
