package manual

import (
	_ "embed" // the script
	"fmt"
	"strings"

	"forebay/config"
)

//go:embed completion.zsh
var zshTemplate string

// zshScript may be sourced, or lie in a directory of $fpath as _forebay.
func zshScript() string {
	var commands, cases []string
	for _, command := range Commands {
		commands = append(commands, "        "+zshQuote(command.Name+":"+strings.ReplaceAll(command.Help, ":", `\:`)))
		cases = append(cases, zshCase(command))
	}
	return fill(zshTemplate, map[string]string{
		"COMMANDS": strings.Join(commands, "\n"),
		"SERVE":    zshSpecs(Serve.All(), "        "),
		"CASES":    strings.Join(cases, "\n"),
	})
}

// zshCase is the branch for one command.
func zshCase(command Command) string {
	specs := zshSpecs(command.All(), "            ")
	if argument := command.Argument; argument.Metavar != "" {
		position := "1"
		if argument.Repeats {
			position = "*"
		}
		specs += "\n            " + zshQuote(position+":"+zshMessage(argument.Value)+":"+argument.zshAction())
	}
	return fmt.Sprintf("    %s)\n        options=(\n%s\n        )\n        _arguments -s -S : $options && ret=0\n        ;;", command.Name, specs)
}

// zshSpecs are options as _arguments takes them, each on a line.
func zshSpecs(options []Option, indent string) string {
	var lines []string
	for _, option := range options {
		for _, word := range option.words() {
			lines = append(lines, indent+zshQuote(option.zshSpec(word)))
		}
	}
	return strings.Join(lines, "\n")
}

// zshSpec is one form of an option.
func (o Option) zshSpec(word string) string {
	spec := word
	switch {
	case o.Value.Metavar == "":
	case strings.HasPrefix(word, "--"):
		spec += "=" // behind it, or as the next word
	default:
		spec += "+"
	}
	if o.Repeats {
		spec = "*" + spec
	} else if others := o.words(); len(others) > 1 {
		spec = "(" + strings.Join(others, " ") + ")" + spec
	}
	spec += "[" + strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(o.Help) + "]"
	if o.Value.Metavar != "" {
		spec += ":" + zshMessage(o.Value) + ":" + o.Value.zshAction()
	}
	return spec
}

func zshMessage(v Value) string { return strings.ReplaceAll(v.Metavar, ":", `\:`) }

// zshPlaces are what offers what is in a place.
var zshPlaces = map[config.Place]string{
	config.PlaceFile: "_files", config.PlaceDir: "_files -/", config.PlaceProgram: "_forebay_program",
	config.PlaceSocket: "_forebay_socket", config.PlaceMapping: "_forebay_mapping",
}

// zshAction is what offers values.
func (v Value) zshAction() string {
	place := zshPlaces[v.Place]
	words := strings.ReplaceAll(strings.Join(v.Choices, " "), ":", `\:`)
	switch {
	case v.Module:
		return "_forebay_module"
	case words != "" && place != "":
		return "{compadd - " + words + "; " + place + "}"
	case words != "" && v.Commas:
		return "_forebay_words " + words
	case words != "":
		return "(" + words + ")"
	case v.Commas && place != "":
		return strings.Replace(place, "_files", "_forebay_files", 1)
	case place != "":
		return place
	default:
		return " " // nothing can be offered
	}
}

// zshQuote makes one word of a text.
func zshQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
