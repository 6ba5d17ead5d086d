// Package manual knows what may be typed: the commands of forebay with their options and arguments. Of these and of the
// settings it makes the manual page and the scripts by which shells complete what is typed. It promises that all of them
// say the same; what the words do is cmd/forebay's affair.
package manual

import (
	"slices"
	"strings"

	"forebay/config"
)

// Value is what stands behind an option, or as an argument.
type Value struct {
	// Metavar stands for it in help. It is empty where there is no value.
	Metavar string
	// Choices are values that have a name; there may be others.
	Choices []string
	// Commas says that it may be several values, with commas between them.
	Commas bool
	// Place is what of the file system it names.
	Place config.Place
	// Module says that it is an application: MODULE[:CALLABLE].
	Module bool
}

// Option is one option with all its names.
type Option struct {
	// Long is its name without dashes.
	Long string
	// Short is a letter, or empty.
	Short string
	Value Value
	// Help is one line without a full stop.
	Help string
	// Negatable says that there is --no-LONG, too.
	Negatable bool
	// Repeats says that it may be given several times.
	Repeats bool
	// Default is the value that is in force without it, as text.
	Default string
}

// Argument is what a command takes beside options.
type Argument struct {
	Value
	Optional, Repeats bool
}

// Command is a word that may stand first. The command without a name serves.
type Command struct {
	Name     string
	Argument Argument
	// Help is one line without a full stop.
	Help string
	// Options are those of its own.
	Options []Option
	// Settings says which settings' options it takes.
	Settings Takes
	// Group is the heading that it stands under.
	Group string
}

// Takes is a choice of settings.
type Takes int

// The choices of Takes.
const (
	TakesNothing Takes = iota
	// TakesAdmin are those that say how to reach a server which runs.
	TakesAdmin
	TakesAll
)

// The groups of commands.
const (
	groupSetUp   = "Commands"
	groupOperate = "Commands for a forebay that runs"
)

var application = Argument{Value: Value{Metavar: "MODULE[:CALLABLE]", Module: true}, Optional: true}

// Serve is what forebay does without a command.
var Serve = Command{Argument: application, Help: "serve an application", Settings: TakesAll}

// Commands are all commands with a name, group by group, in the order in which help shows them.
var Commands = []Command{
	{Name: "check", Group: groupSetUp, Argument: application, Settings: TakesAll,
		Help:    "report all faults of the configuration at once, and serve nothing",
		Options: []Option{{Long: "print", Help: "show each value and where it comes from"}}},
	{Name: "init", Group: groupSetUp, Argument: Argument{Value: Value{Metavar: "DIR", Place: config.PlaceDir}, Optional: true},
		Help: "write a forebay.toml for the Django or Flask project that lies there",
		Options: []Option{
			{Long: "stdout", Help: "print it, and write no file; a dash for DIR does the same"},
			{Long: "force", Help: "replace a file that is there"},
		}},
	{Name: "compress", Group: groupSetUp, Argument: Argument{Value: Value{Metavar: "DIR", Place: config.PlaceDir}, Repeats: true},
		Help: "write compressed copies of files beside them (.br, .zst, .gz)",
		Options: []Option{
			{Long: "min-size", Value: Value{Metavar: "SIZE"}, Help: "files from this size on", Default: "1KiB"},
			{Long: "codings", Value: Value{Metavar: "NAME,...", Choices: []string{"br", "zstd", "gzip"}, Commas: true}, Help: "copies to make", Default: "br,zstd,gzip"},
			{Long: "quiet", Short: "q", Help: "print nothing but faults"},
		}},
	{Name: "migrate", Group: groupSetUp, Argument: Argument{Value: Value{Metavar: "NGINX.CONF", Place: config.PlaceFile}, Optional: true},
		Help: "make a forebay.toml of what nginx and gunicorn were told",
		Options: []Option{
			{Long: "gunicorn", Value: Value{Metavar: "FILE", Place: config.PlaceFile}, Help: "gunicorn's configuration file, as well or alone"},
			{Long: "server", Value: Value{Metavar: "NAME"}, Help: "the server block of that name, if there are several"},
			{Long: "output", Short: "o", Value: Value{Metavar: "FILE", Place: config.PlaceFile, Choices: []string{"-"}}, Help: "write FILE; - is stdout", Default: "forebay.toml"},
			{Long: "python", Value: Value{Metavar: "PATH", Place: config.PlaceProgram}, Help: "the interpreter that runs gunicorn's file"},
			{Long: "force", Help: "replace a file that is there"},
		}},
	{Name: "completion", Group: groupSetUp, Argument: Argument{Value: Value{Metavar: strings.Join(Shells, "|"), Choices: Shells}},
		Help: "print what completes command lines in that shell"},
	{Name: "man", Group: groupSetUp, Help: "print the manual page: forebay man | man -l -"},
	{Name: "schema", Group: groupSetUp, Help: "print the JSON Schema of forebay.toml, for editors"},
	{Name: "version", Group: groupSetUp, Help: "print the version"},
	{Name: "help", Group: groupSetUp, Help: "print all options"},

	{Name: "status", Group: groupOperate, Settings: TakesAdmin, Help: "show what it does and how its workers are",
		Options: []Option{{Long: "json", Help: "what the server says, as it says it"}}},
	{Name: "top", Group: groupOperate, Settings: TakesAdmin, Help: "show that again and again, until q is pressed"},
	{Name: "stack", Group: groupOperate, Settings: TakesAdmin, Argument: Argument{Value: Value{Metavar: "PID"}, Optional: true},
		Help: "show where the threads of a worker are, or of all"},
	{Name: "health", Group: groupOperate, Settings: TakesAdmin, Help: "end with 0 if requests may be sent to it, else with 1"},
	{Name: "reload", Group: groupOperate, Settings: TakesAdmin, Help: "have it read its configuration again and replace all workers"},
	{Name: "stop", Group: groupOperate, Settings: TakesAdmin, Help: "have it let running requests end, and end itself"},
}

// General are the options of every command, and of none.
var General = []Option{
	{Long: "config", Short: "c", Value: Value{Metavar: "FILE", Place: config.PlaceFile}, Help: "read FILE instead of forebay.toml or pyproject.toml"},
	{Long: "help", Short: "h", Help: "show all options"},
	{Long: "version", Short: "v", Help: "show the version"},
}

// Find is the command of that name.
func Find(name string) (Command, bool) {
	i := slices.IndexFunc(Commands, func(c Command) bool { return c.Name == name })
	if i < 0 {
		return Command{}, false
	}
	return Commands[i], true
}

// Names are those of all commands.
func Names() []string {
	names := make([]string, len(Commands))
	for i, command := range Commands {
		names[i] = command.Name
	}
	return names
}

// Synopsis is how the command is typed: compress [options] DIR...
func (c Command) Synopsis() string {
	words := []string{}
	if c.Name != "" {
		words = append(words, c.Name)
	}
	if len(c.Options) > 0 || c.Settings != TakesNothing {
		words = append(words, "[options]")
	}
	if argument := c.Argument.String(); argument != "" {
		words = append(words, argument)
	}
	return strings.Join(words, " ")
}

// String is the argument in a synopsis: [PID], DIR...
func (a Argument) String() string {
	text := a.Metavar
	if a.Repeats {
		text += "..."
	}
	if a.Optional {
		text = "[" + text + "]"
	}
	return text
}

// String is how the option is written with its value: --workers N, --[no-]preload.
func (o Option) String() string {
	switch {
	case o.Negatable:
		return "--[no-]" + o.Long
	case o.Value.Metavar == "":
		return "--" + o.Long
	default:
		return "--" + o.Long + " " + o.Value.Metavar
	}
}
