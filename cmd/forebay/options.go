package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"forebay/cmd/manual"
	"forebay/config"
)

// The commands. An application that has the name of one is given with its callable: check:app.
const (
	commandServe      = ""
	commandCheck      = "check"
	commandCompress   = "compress"
	commandMigrate    = "migrate"
	commandCompletion = "completion"
	commandInit       = "init"
	commandMan        = "man"
	commandSchema     = "schema"
	commandStatus     = "status"
	commandTop        = "top"
	commandStack      = "stack"
	commandHealth     = "health"
	commandReload     = "reload"
	commandStop       = "stop"
	commandVersion    = "version"
	commandHelp       = "help"
)

var commands = manual.Names()

// options are the command line, taken apart but not understood: the values are read and checked by config, together with
// those of the file and the environment.
type options struct {
	command string
	// file is the configuration file that is named, if any.
	file string
	// printValues is check's --print.
	printValues bool
	// json is status's --json.
	json bool
	// pid is stack's argument; 0: all workers.
	pid int
	// values are the texts given for each setting's key, in order.
	values map[string][]string
	// compression is what compress is to do.
	compression compression
	// initiation is what init is to do.
	initiation initiation
	// shell is completion's argument.
	shell string
	// migrating is what migrate is to do.
	migrating migrating
}

// parseOptions reads the command line. Options may stand before and after the application. The error says what to type
// instead.
func parseOptions(args []string) (options, error) {
	if len(args) > 0 && withOwnOptions[args[0]] != nil {
		return withOwnOptions[args[0]](args[1:])
	}
	opts := options{values: map[string][]string{}}
	var help, version bool
	flags := newFlags(&opts)
	flags.StringVarP(&opts.file, "config", "c", "", "")
	flags.BoolVar(&opts.printValues, "print", false, "")
	flags.BoolVar(&opts.json, "json", false, "")
	flags.BoolVarP(&help, "help", "h", false, "")
	flags.BoolVarP(&version, "version", "v", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, usageError(err)
	}
	rest := flags.Args()
	if len(rest) > 0 && slices.Contains(commands, rest[0]) {
		opts.command, rest = rest[0], rest[1:]
	}
	switch {
	case help:
		opts.command = commandHelp
	case version:
		opts.command = commandVersion
	}
	return opts, opts.take(rest)
}

// take makes sense of what is neither option nor command.
func (o *options) take(rest []string) error {
	switch {
	case o.command == commandHelp || o.command == commandVersion:
		return nil
	case withOwnOptions[o.command] != nil:
		command, _ := manual.Find(o.command)
		return fmt.Errorf("%s stands first, and its options follow it: forebay %s", o.command, command.Synopsis())
	case o.printValues && o.command != commandCheck:
		return fmt.Errorf("--print belongs to a command: forebay check --print")
	case o.json && o.command != commandStatus:
		return fmt.Errorf("--json belongs to a command: forebay status --json")
	case o.operates():
		return o.takeArgument(rest)
	case len(rest) > 1:
		return tooMany(rest)
	case len(rest) == 1 && o.command == commandServe && o.isMistypedCommand(rest[0]):
		return fmt.Errorf("unknown command %s: did you mean %s? (An application of that name is given as %s:CALLABLE.)",
			rest[0], closestCommand(rest[0]), rest[0])
	case len(rest) == 1:
		o.values["app"] = rest
	}
	return nil
}

// operates says whether the command is for a server that runs.
func (o *options) operates() bool {
	return o.command == commandHealth || operators[o.command] != nil
}

// takeArgument reads what stands behind such a command: only stack takes anything.
func (o *options) takeArgument(rest []string) (err error) {
	switch {
	case len(rest) == 0:
		return nil
	case o.command == commandStack && len(rest) == 1:
		if o.pid, err = strconv.Atoi(rest[0]); err != nil || o.pid <= 0 {
			return fmt.Errorf("want the process id of a worker, not %q: forebay status lists them", rest[0])
		}
		return nil
	}
	return fmt.Errorf("forebay %s takes no argument %q (an application of that name is given as %s:CALLABLE)", o.command, rest[0], o.command)
}

// newFlags has an option for each setting. pflag because it knows -w4, --workers=4 and options after arguments, as
// gunicorn's users type them.
func newFlags(opts *options) *pflag.FlagSet {
	flags := pflag.NewFlagSet("forebay", pflag.ContinueOnError)
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		name = strings.ReplaceAll(name, "_", "-") // --limit-request-field_size, and keys as in a file
		if setting, isKey := config.Find(strings.ReplaceAll(name, "-", "_")); isKey && setting.Flag != "" {
			name = strings.ReplaceAll(setting.Flag, "_", "-") // --reload-extra-files
		}
		return pflag.NormalizedName(name)
	})
	flags.Usage = func() {}
	for _, setting := range config.Settings {
		if setting.Flag == "" {
			continue
		}
		flag := flags.VarPF(&texts{setting: setting, values: opts.values}, setting.Flag, setting.Short, "")
		if setting.IsSwitch() {
			flag.NoOptDefVal = "true"
			off := flags.VarPF(&negation{texts{setting: setting, values: opts.values}}, "no-"+setting.Flag, "", "")
			off.NoOptDefVal = "true"
		}
	}
	return flags
}

// texts is a pflag.Value that keeps each text given for one setting.
type texts struct {
	setting config.Setting
	values  map[string][]string
}

func (t *texts) String() string { return "" }
func (t *texts) Type() string   { return t.setting.Metavar }

func (t *texts) Set(text string) error {
	t.values[t.setting.Key] = append(t.values[t.setting.Key], text)
	return nil
}

// negation is the --no- of a switch. It has no value of its own.
type negation struct{ texts }

func (n *negation) Set(text string) error {
	if text != "true" {
		return errors.New("it takes no value")
	}
	return n.texts.Set("false")
}
