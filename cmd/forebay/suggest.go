package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/pflag"

	"forebay/cmd/manual"
	"forebay/config"
)

// usageError turns what pflag found wrong into a sentence that says what to type instead.
func usageError(err error) error {
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		return unknownOption(unknown)
	case errors.As(err, &valueless):
		return wantsValue(valueless)
	default:
		return fmt.Errorf("%w (forebay --help lists the options)", err)
	}
}

func unknownOption(err *pflag.NotExistError) error {
	name := err.GetSpecifiedName()
	option := "--" + name
	if err.GetSpecifiedShortnames() != "" {
		option = "-" + name
	}
	if advice := config.Advice(name); advice != "" {
		return fmt.Errorf("%s: %s", option, advice)
	}
	if near := config.Closest(name, longOptions()); near != "" && strings.HasPrefix(option, "--") {
		return fmt.Errorf("unknown option %s: did you mean --%s?", option, near)
	}
	return fmt.Errorf("unknown option %s (forebay --help lists the options)", option)
}

func wantsValue(err *pflag.ValueRequiredError) error {
	flag := err.GetFlag()
	option := "--" + err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		option = "-" + err.GetSpecifiedName()
	}
	metavar := flag.Value.Type()
	if flag.Name == "config" {
		metavar = "FILE"
	}
	return fmt.Errorf("%s wants a value: %s %s", option, option, metavar)
}

// longOptions are the names of all options that parseOptions knows.
func longOptions() []string {
	names := longNames(manual.Serve.All())
	for _, command := range manual.Commands {
		if withOwnOptions[command.Name] == nil {
			names = append(names, longNames(command.Options)...)
		}
	}
	return names
}

// longNames are the names of some options.
func longNames(of []manual.Option) []string {
	var names []string
	for _, option := range of {
		names = append(names, option.Long)
		if option.Negatable {
			names = append(names, "no-"+option.Long)
		}
	}
	return names
}

// ownUsageError is usageError for a command that has a few options of its own.
func ownUsageError(name string, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return fmt.Errorf("%s: %w", name, err)
	}
	command, _ := manual.Find(name)
	names := longNames(command.All())
	if near := config.Closest(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("%s: unknown option --%s: did you mean --%s?", name, unknown.GetSpecifiedName(), near)
	}
	return fmt.Errorf("%s: %w; it has --%s", name, err, strings.Join(names, ", --"))
}

// tooMany is about a command line with several arguments. The first may have been meant as a command.
func tooMany(rest []string) error {
	if near := closestCommand(rest[0]); near != "" {
		return fmt.Errorf("unknown command %s: did you mean %s?", rest[0], near)
	}
	if slices.Contains(rest, "true") || slices.Contains(rest, "false") {
		return fmt.Errorf("want one application, not %s; a switch has its value behind =: --preload=false, or --no-preload", strings.Join(rest, " and "))
	}
	return fmt.Errorf("want one application, not %s; options of forebay begin with a dash", strings.Join(rest, " and "))
}

// isMistypedCommand says whether a single argument is rather a mistyped command than a module: it is near to one, and no
// module of that name stands where Python would look first.
func (o *options) isMistypedCommand(name string) bool {
	if closestCommand(name) == "" {
		return false
	}
	dirs := append([]string{"."}, o.values["chdir"]...)
	for _, dir := range append(dirs, o.values["pythonpath"]...) {
		for _, path := range []string{name, name + ".py"} {
			if _, err := os.Stat(filepath.Join(dir, path)); err == nil {
				return false
			}
		}
	}
	return true
}

// likeModules are the commands that one letter makes the name of somebody's module: main, shop, shot, slack, stock, tops,
// unit.
var likeModules = []string{commandInit, commandMan, commandStop, commandStack, commandTop}

// closestCommand asks for more likeness than an option does, as most words that are no command are modules.
func closestCommand(word string) string {
	for _, command := range commands {
		if isOneSlip(word, command) && !slices.Contains(likeModules, command) {
			return command
		}
	}
	return ""
}

// isOneSlip says whether one letter of word is missing, wrong or too many, or two have changed places.
func isOneSlip(word, want string) bool {
	distance := levenshtein.ComputeDistance(word, want)
	return distance == 1 || distance == 2 && sortedLetters(word) == sortedLetters(want)
}

func sortedLetters(word string) string {
	letters := []rune(word)
	slices.Sort(letters)
	return string(letters)
}
