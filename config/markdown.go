package config

import (
	"fmt"
	"strings"
)

// Markdown is the table of all settings with their defaults, for the README.
func Markdown() string {
	var table strings.Builder
	table.WriteString("| option | key in a file | default | what it is |\n|---|---|---|---|\n")
	escape := strings.NewReplacer("|", `\|`, "*", `\*`)
	for _, setting := range Settings {
		fmt.Fprintf(&table, "| %s | `%s` | %s | %s |\n",
			setting.markdownOption(), setting.Key, setting.markdownDefault(), escape.Replace(setting.Help))
	}
	return table.String()
}

func (s Setting) markdownOption() string {
	switch {
	case s.Flag == "":
		return "`" + s.Metavar + "`"
	case s.Short != "":
		return fmt.Sprintf("`-%s`, `--%s %s`", s.Short, s.Flag, s.Metavar)
	default:
		return fmt.Sprintf("`--%s %s`", s.Flag, s.Metavar)
	}
}

func (s Setting) markdownDefault() string {
	if value := s.Value(Default()); value != "" {
		return "`" + value + "`"
	}
	return ""
}
