package manual

import (
	"strings"

	"forebay/config"
)

// Man is the source of the manual page forebay(1), for man.
func Man(version string) string {
	var r roff
	// It has no date: it is the same for whoever makes it from the same sources.
	r.macro(`.TH FOREBAY 1 "" "forebay ` + escape(version) + `" "User Commands"`)
	r.section("NAME")
	r.macro(`forebay \- one binary in front of a Python web application`)
	writeSynopsis(&r)
	r.section("DESCRIPTION")
	r.paragraph(About)
	r.paragraph("It serves static files itself, takes slow clients as they come, and hands only complete requests to the threads of pre-forked " +
		"Python processes, which call the application (PEP 3333). It stands where nginx and gunicorn stand otherwise, and has " +
		"gunicorn's names for what means the same.")
	writeCommands(&r)
	writeOptions(&r)
	writeTables(&r)
	writeRows(&r, "FILES", files)
	writeRows(&r, "ENVIRONMENT", environment)
	writeRows(&r, "SIGNALS", Signals)
	writeRows(&r, "EXIT STATUS", Exits)
	r.section("EXAMPLES")
	for _, example := range examples {
		r.paragraph(strings.ToUpper(example.Text[:1]) + example.Text[1:])
		r.example(example.Name)
	}
	r.section("SEE ALSO")
	r.macro(pages(seeAlso))
	return r.text.String()
}

func writeSynopsis(r *roff) {
	r.section("SYNOPSIS")
	for i, command := range append([]Command{Serve}, Commands...) {
		if i > 0 {
			r.macro(".br")
		}
		r.macro(command.roff("forebay "))
	}
}

// roff is the synopsis of a command behind a word.
func (c Command) roff(before string) string {
	text := bold(strings.TrimSpace(before + c.Name))
	if rest := strings.TrimSpace(strings.TrimPrefix(c.Synopsis(), c.Name)); rest != "" {
		text += " " + italic(rest)
	}
	return text
}

// writeCommands writes commands, with those of their options that are not the server's.
func writeCommands(r *roff) {
	r.section("COMMANDS")
	r.paragraph("Without a command it serves. An application that has the name of a command is given with its callable: `check:app`.")
	group := ""
	for _, command := range Commands {
		if command.Group != group {
			if group = command.Group; group != groupSetUp {
				r.subsection(group)
				r.paragraph(Asking)
			}
		}
		r.item(command.roff(""), command.Help)
		if len(command.Options) > 0 {
			r.macro(".RS")
			for _, option := range command.Options {
				r.item(option.roff(), option.described())
			}
			r.macro(".RE")
		}
	}
}

func writeOptions(r *roff) {
	r.section("OPTIONS")
	r.paragraph(Setting)
	for _, group := range Settings() {
		r.subsection(group.Name)
		for _, option := range group.Options {
			r.item(option.roff(), option.described())
		}
	}
	r.subsection("General")
	for _, option := range General {
		r.item(option.roff(), option.described())
	}
}

// roff is the option with its short form and value.
func (o Option) roff() string {
	text := ""
	if o.Short != "" {
		text = bold("-"+o.Short) + ", "
	}
	name, value, _ := strings.Cut(o.String(), " ")
	text += bold(name)
	if value != "" {
		text += " " + italic(value)
	}
	return text
}

func (o Option) described() string { return withDefault(o.Help, o.Default) }

// withDefault is what a help says of the value that is in force.
func withDefault(help, value string) string {
	if value == "" {
		return help
	}
	return help + " (default `" + value + "`)"
}

// writeTables writes what stands in the file only.
func writeTables(r *roff) {
	r.section("TABLES OF THE FILE")
	r.paragraph("What is for some requests only stands in tables of forebay.toml, each of which there may be several times.")
	for _, table := range config.Tables() {
		r.subsection("[[" + table.Key + "]]")
		r.paragraph("Each is " + table.Help + ".")
		for _, key := range table.Keys {
			r.item(bold(key.Key)+" = "+italic(key.Metavar), withDefault(key.Help, key.Default))
		}
	}
}

func writeRows(r *roff, section string, rows []Row) {
	r.section(section)
	for _, row := range rows {
		r.item(bold(row.Name), row.Text)
	}
}

// pages are other pages, as they are cited.
func pages(names []string) string {
	var cited []string
	for _, name := range names {
		page, section, _ := strings.Cut(name, "(")
		cited = append(cited, bold(page)+"("+section)
	}
	return strings.Join(cited, ", ")
}
