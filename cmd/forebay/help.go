package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"forebay/config"
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
       forebay check [--print] [options] [MODULE[:CALLABLE]]
       forebay compress [options] DIR...
       forebay status [--json] | top | stack [PID] | health | reload | stop
       forebay version
       forebay help

forebay serves a WSGI application over HTTP. MODULE is its module as Python
imports it, CALLABLE the application in it or a call that makes one:
shop.wsgi, shop:app, "shop:create_app()". Without CALLABLE it is application,
then app. Without MODULE the demo application runs.

status, top, stack, reload and stop ask a forebay that runs, by its admin
listener: name that as the server has it, by --admin or FOREBAY_ADMIN, or call
them where its forebay.toml is. health ends with 0 if requests may be sent to
it, else with 1; without an admin listener it asks the first address for /.
`

const footer = `
Each option can also stand in forebay.toml or in [tool.forebay] of
pyproject.toml, under its name with _ for -, and in the environment as FOREBAY_
and that name in capitals. Options beat the environment, which beats the file.
TIME is 30s, 1m30s or seconds. SIZE is bytes, or 64k, 16MiB, 16MB. What has no
value here is true or false there: preload = true, FOREBAY_PRELOAD=true.
`

// writeHelp writes the whole help in lines of at most that width.
func writeHelp(stdout io.Writer, width int) {
	var help strings.Builder
	help.WriteString(usage)
	group := ""
	for _, setting := range config.Settings {
		if setting.Flag == "" {
			continue
		}
		if setting.Group != group {
			group = setting.Group
			help.WriteString("\n" + group + ":\n")
		}
		writeOption(&help, width, optionText(setting), describe(setting))
	}
	help.WriteString("\nGeneral:\n")
	writeOption(&help, width, "  -c, --config FILE", "read FILE instead of forebay.toml or pyproject.toml")
	writeOption(&help, width, "      --print", "with check: show each value and where it comes from")
	writeOption(&help, width, "      --json", "with status: what the server says, as it says it")
	writeOption(&help, width, "  -h, --help", "show this help")
	writeOption(&help, width, "  -v, --version", "show the version")
	help.WriteString("\nOptions of forebay compress, which writes compressed copies of files beside\nthem (.br, .zst, .gz):\n")
	for _, option := range compressOptions {
		writeOption(&help, width, option[0], option[1])
	}
	help.WriteString(footer)
	_, _ = io.WriteString(stdout, help.String()) // a reader that left early wants no more of it
}

// optionText is the left column of a setting.
func optionText(setting config.Setting) string {
	short := "      "
	if setting.Short != "" {
		short = "  -" + setting.Short + ", "
	}
	return short + setting.Option()
}

// describe is the right column of a setting.
func describe(setting config.Setting) string {
	if value := setting.Value(config.Default()); value != "" {
		return fmt.Sprintf("%s (default%s%s)", setting.Help, noBreak, value)
	}
	return setting.Help
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
