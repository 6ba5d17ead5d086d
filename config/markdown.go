package config

import (
	"fmt"
	"maps"
	"slices"
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

// PathMarkdown is the table of what a [[path]] may say, for the README.
func PathMarkdown() string {
	var table strings.Builder
	table.WriteString("| key | value | what it is |\n|---|---|---|\n")
	for _, setting := range pathSettings {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", setting.Key, setting.Metavar, setting.Help)
	}
	return table.String()
}

// StaticMarkdown is the table of what a [[static]] may say, for the README.
func StaticMarkdown() string {
	var table strings.Builder
	table.WriteString("| key | value | what it is |\n|---|---|---|\n")
	for _, setting := range mappingKeys {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", setting.Key, setting.Metavar, setting.Help)
	}
	for _, option := range staticOptions {
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", option.key, option.metavar, option.help)
	}
	return table.String()
}

// LimitMarkdown is the table of what a [[limit]] may say, for the README.
func LimitMarkdown() string {
	var table strings.Builder
	table.WriteString("| key | value | default | what it is |\n|---|---|---|---|\n")
	for _, setting := range limitSettings {
		value := setting.limitDefault()
		if value != "" {
			value = "`" + value + "`"
		}
		help := strings.ReplaceAll(setting.Help, "|", `\|`)
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", setting.Key, setting.Metavar, value, help)
	}
	return table.String()
}

// PlaceholderMarkdown are the names of all placeholders of the access log's formats, for the README.
func PlaceholderMarkdown() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(atoms)) {
		names = append(names, "`%("+name+")s`")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "- gunicorn's: %s, `%%({NAME}i)s`, `%%({NAME}o)s`\n", strings.Join(names, ", "))
	text.WriteString("- nginx's, and our own in their manner: `$" + strings.Join(Variables(), "`, `$") + "`, `$http_NAME`, `$sent_http_NAME`\n")
	return text.String()
}

func (s Setting) markdownOption() string {
	if s.Short != "" {
		return fmt.Sprintf("`-%s`, `%s`", s.Short, s.Option())
	}
	return "`" + s.Option() + "`"
}

func (s Setting) markdownDefault() string {
	if value := s.Value(Default()); value != "" {
		return "`" + value + "`"
	}
	return ""
}
