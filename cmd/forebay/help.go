package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"forebay/cmd/manual"
)

const (
	// plainWidth is that of help which goes into a file or a pipe.
	plainWidth = 80
	// narrowest and widest bound what is made of a terminal: longer lines are hard to follow.
	narrowest = 60
	widest    = 100
	// textColumn is where the descriptions begin.
	textColumn = 31
)

// noBreak is a space at which no line is broken.
const noBreak = "\u00a0"

const usage = `Usage: forebay [options] [MODULE[:CALLABLE]]
       forebay COMMAND [options] [arguments]
`

// writeHelp writes the whole help in lines of at most that width.
func writeHelp(stdout io.Writer, width int) {
	var help strings.Builder
	help.WriteString(usage)
	writeParagraph(&help, width, manual.About)
	group := ""
	for _, command := range manual.Commands {
		if command.Group != group {
			group = command.Group
			help.WriteString("\n" + group + ":\n")
		}
		writeOption(&help, width, "  "+command.Synopsis(), command.Help)
	}
	writeParagraph(&help, width, manual.Asking)
	for _, group := range manual.Settings() {
		writeOptions(&help, width, group.Name, group.Options)
	}
	writeParagraph(&help, width, manual.Setting)
	writeOptions(&help, width, "General", manual.General)
	for _, command := range manual.Commands {
		if len(command.Options) > 0 {
			writeOptions(&help, width, "Options of forebay "+command.Name, command.Options)
		}
	}
	_, _ = io.WriteString(stdout, help.String()) // a reader that left early wants no more of it
}

// writeParagraph writes a text, after an empty line.
func writeParagraph(help *strings.Builder, width int, text string) {
	help.WriteString("\n" + strings.Join(wrap(strings.ReplaceAll(text, "`", ""), width), "\n") + "\n")
}

// writeOptions writes options below a heading.
func writeOptions(help *strings.Builder, width int, heading string, options []manual.Option) {
	help.WriteString("\n" + heading + ":\n")
	for _, option := range options {
		writeOption(help, width, optionText(option), describe(option))
	}
}

// optionText is the left column of an option.
func optionText(option manual.Option) string {
	short := "      "
	if option.Short != "" {
		short = "  -" + option.Short + ", "
	}
	return short + option.String()
}

// describe is the right column of an option.
func describe(option manual.Option) string {
	if option.Default != "" {
		return fmt.Sprintf("%s (default%s%s)", option.Help, noBreak, option.Default)
	}
	return option.Help
}

// writeOption writes both columns. An option that reaches into the right one has its line to itself.
func writeOption(help *strings.Builder, width int, option, text string) {
	help.WriteString(option)
	column := utf8.RuneCountInString(option)
	if column+2 > textColumn {
		help.WriteString("\n")
		column = 0
	}
	for i, line := range wrap(text, width-textColumn) {
		if i > 0 {
			column = 0
		}
		help.WriteString(strings.Repeat(" ", textColumn-column) + strings.ReplaceAll(line, noBreak, " ") + "\n")
	}
}

// wrap breaks text between words into lines of at most that width, where its words allow it.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line+" "+word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// width is how wide help may be on that stream.
func width(stdout io.Writer) int {
	columns := columnsOf(stdout)
	if columns == 0 {
		return plainWidth
	}
	return min(max(columns, narrowest), widest)
}

// columnsOf is the width of the terminal that a stream is; 0 if it is none, or does not tell.
func columnsOf(stream io.Writer) int {
	file, ok := stream.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
