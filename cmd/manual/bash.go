package manual

import (
	_ "embed" // the script
	"fmt"
	"slices"
	"strings"

	"forebay/config"
)

//go:embed completion.bash
var bashTemplate string

// bashScript is for bash from 3.2 on, which macOS has.
func bashScript() string {
	return fill(bashTemplate, map[string]string{
		"COMMAS":    strings.Join(bashPatterns(func(o Option) bool { return o.Value.Commas }), "|"),
		"VALUED":    strings.Join(bashPatterns(func(o Option) bool { return o.Value.Metavar != "" }), "|"),
		"COMMANDS":  strings.Join(Names(), "|"),
		"REPEATS":   strings.Join(repeating(), "|"),
		"VALUES":    bashValues(),
		"ARGUMENTS": bashArguments(),
		"OPTIONS":   bashOptions(),
	})
}

// repeating are the commands that take any number of arguments.
func repeating() []string {
	var names []string
	for _, command := range Commands {
		if command.Argument.Repeats {
			names = append(names, command.Name)
		}
	}
	return names
}

// bashPatterns are the words of some options, with dashes for underscores.
func bashPatterns(choose func(Option) bool) []string {
	var patterns []string
	for _, option := range allOptions() {
		if choose(option.Option) {
			patterns = append(patterns, bashPattern(option.Option))
		}
	}
	return patterns
}

func bashPattern(option Option) string {
	return strings.ReplaceAll(strings.Join(option.words(), "|"), "_", "-")
}

// bashValues has a case for each option of which something can be said.
func bashValues() string {
	var cases []string
	for _, option := range allOptions() {
		if calls := option.Value.bashCalls(); len(calls) > 0 {
			cases = append(cases, bashCase(bashPattern(option.Option), calls))
		}
	}
	return strings.Join(cases, "\n")
}

// bashArguments has a case for each command that takes arguments, and one for the first word.
func bashArguments() string {
	words := strings.Join(Names(), " ")
	cases := []string{bashCase("first", append([]string{"__forebay_words '" + words + "'"}, Serve.Argument.bashCalls()...))}
	for _, command := range Commands {
		if calls := command.Argument.bashCalls(); len(calls) > 0 {
			cases = append(cases, bashCase(command.Name, calls))
		}
	}
	return strings.Join(cases, "\n")
}

// bashOptions has a case for each command.
func bashOptions() string {
	var cases []string
	for _, command := range append(slices.Clone(Commands), Serve) {
		var words []string
		for _, option := range command.All() {
			words = append(words, option.words()...)
		}
		name := command.Name
		if name == "" {
			name = "*"
		}
		cases = append(cases, bashCase(name, []string{"__forebay_words '" + strings.Join(words, " ") + "'"}))
	}
	return strings.Join(cases, "\n")
}

func bashCase(pattern string, calls []string) string {
	return fmt.Sprintf("    %s) %s ;;", pattern, strings.Join(calls, "; "))
}

// bashPlaces are the functions of the script that offer what is in a place.
var bashPlaces = map[config.Place]string{
	config.PlaceFile: "__forebay_files", config.PlaceDir: "__forebay_dirs", config.PlaceProgram: "__forebay_program",
	config.PlaceSocket: "__forebay_socket", config.PlaceMapping: "__forebay_mapping",
}

// bashCalls are the calls that offer values.
func (v Value) bashCalls() []string {
	var calls []string
	if len(v.Choices) > 0 {
		calls = append(calls, "__forebay_words '"+strings.Join(v.Choices, " ")+"'")
	}
	if call := bashPlaces[v.Place]; call != "" {
		calls = append(calls, call)
	}
	if v.Module {
		calls = append(calls, "__forebay_modules")
	}
	return calls
}
