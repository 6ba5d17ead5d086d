package manual

import (
	_ "embed" // the script
	"fmt"
	"slices"
	"strings"

	"forebay/config"
)

//go:embed completion.fish
var fishTemplate string

// fishScript is for fish from 3.4 on.
func fishScript() string {
	var commands, arguments, options, valued []string
	for _, command := range Commands {
		commands = append(commands, fmt.Sprintf("complete -c forebay -n __forebay_first -a %s -d %s", command.Name, fishQuote(command.Help)))
		if values := command.Argument.fishValues(); values != "" {
			arguments = append(arguments, fmt.Sprintf("complete -c forebay -n %s -a %s", command.fishCondition(), fishQuote(values)))
		}
	}
	for _, option := range allOptions() {
		options = append(options, option.fishLines()...)
		if option.Value.Metavar != "" {
			valued = append(valued, strings.ReplaceAll(strings.Join(option.words(), " "), "_", "-"))
		}
	}
	return fill(fishTemplate, map[string]string{
		"VALUED":         strings.Join(valued, " "),
		"COMMANDS":       strings.Join(Names(), " "),
		"COMMAND_LINES":  strings.Join(commands, "\n"),
		"ARGUMENT_LINES": strings.Join(arguments, "\n"),
		"OPTION_LINES":   strings.Join(options, "\n"),
	})
}

// fishCondition is when arguments of a command are to come.
func (c Command) fishCondition() string {
	if c.Argument.Repeats {
		return fishQuote("__forebay_for " + c.Name)
	}
	return fishQuote("__forebay_argument " + c.Name)
}

// fishLines are those of an option: one, or two if it can be negated.
func (o offered) fishLines() []string {
	names := "-l " + o.Long
	if o.Short != "" {
		names = "-s " + o.Short + " " + names
	}
	line := func(names string) string {
		return fmt.Sprintf("complete -c forebay -n %s %s%s -d %s",
			fishQuote("__forebay_for "+strings.Join(o.commands, " ")), names, o.Value.fishArgument(), fishQuote(o.Help))
	}
	lines := []string{line(names)}
	if o.Negatable {
		lines = append(lines, line("-l no-"+o.Long))
	}
	return lines
}

// fishArgument says what stands behind an option.
func (v Value) fishArgument() string {
	if v.Metavar == "" {
		return ""
	}
	wants := " -x"
	if !v.Commas && slices.Contains([]config.Place{config.PlaceFile, config.PlaceProgram}, v.Place) {
		wants = " -r -F" // as fish completes files everywhere
	}
	if values := v.fishValues(); values != "" {
		wants += " -a " + fishQuote(values)
	}
	return wants
}

// fishValues are what may be offered beside files.
func (v Value) fishValues() string {
	words := strings.Join(v.Choices, " ")
	switch {
	case words != "" && v.Commas:
		return "(__forebay_list " + words + ")"
	case words != "":
		return words
	case v.Place == config.PlaceFile && v.Commas:
		return "(__forebay_files)"
	case v.Place == config.PlaceDir:
		return "(__forebay_dirs)"
	case v.Place == config.PlaceMapping:
		return "(__forebay_mapping)"
	case v.Place == config.PlaceSocket:
		return "(__forebay_socket)"
	default:
		return ""
	}
}

// fishQuote makes one word of a text.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
