package manual

import (
	"slices"
	"strings"

	"forebay/config"
)

// Group are the options of settings that stand under one heading.
type Group struct {
	Name    string
	Options []Option
}

// Settings are the options of all settings, in the order in which help shows them.
func Settings() []Group {
	var groups []Group
	for _, setting := range config.Settings {
		if setting.Flag == "" {
			continue // it is an argument
		}
		if len(groups) == 0 || groups[len(groups)-1].Name != setting.Group {
			groups = append(groups, Group{Name: setting.Group})
		}
		last := &groups[len(groups)-1]
		last.Options = append(last.Options, optionOf(setting))
	}
	return groups
}

// optionOf is the option of a setting.
func optionOf(setting config.Setting) Option {
	choices, _ := setting.Choices()
	return Option{
		Long: setting.Flag, Short: setting.Short, Help: setting.Help,
		Value: Value{
			Metavar: setting.Metavar, Choices: choices, Commas: setting.TakesCommas(), Place: setting.Place(),
		},
		Negatable: setting.IsSwitch(), Repeats: setting.IsList(),
		Default: setting.Value(config.Default()),
	}
}

// takes says whether commands that take these settings take that one.
func (t Takes) takes(setting config.Setting) bool {
	switch t {
	case TakesAll:
		return true
	case TakesAdmin: // the address that is asked where there is no admin listener, and where forebay.toml is, too
		return strings.HasPrefix(setting.Key, "admin") || slices.Contains([]string{"bind", "chdir"}, setting.Key)
	default:
		return false
	}
}

// All are all options that may stand behind the command: its own, those of settings, and the general ones.
func (c Command) All() []Option {
	all := slices.Clone(c.Options)
	for _, setting := range config.Settings {
		if setting.Flag != "" && c.Settings.takes(setting) {
			all = append(all, optionOf(setting))
		}
	}
	for _, option := range General {
		switch {
		case option.Long == "config" && c.Settings == TakesNothing:
		case option.Long == "version" && c.Name != "":
		default:
			all = append(all, option)
		}
	}
	return all
}
