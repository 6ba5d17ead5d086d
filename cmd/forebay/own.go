package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"forebay/cmd/manual"
)

// withOwnOptions read what stands behind commands that take no options of the server.
var withOwnOptions = map[string]func(args []string) (options, error){
	commandCompress:   parseCompress,
	commandMigrate:    parseMigrate,
	commandCompletion: parseCompletion,
	commandInit:       parseInit,
	commandMan:        parsePlain(commandMan),
	commandSchema:     parsePlain(commandSchema),
}

// ownFlags are the options of such a command.
func ownFlags(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet("forebay "+name, pflag.ContinueOnError)
	flags.Usage = func() {}
	return flags
}

// parseOwn reads the command line of such a command, and returns its arguments if they are as many as it takes. Who asks
// for help gets options with that command, and no arguments.
func parseOwn(name string, flags *pflag.FlagSet, args []string) (options, []string, error) {
	opts := options{command: name, values: map[string][]string{}}
	help := flags.BoolP("help", "h", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, nil, ownUsageError(name, err)
	}
	if *help {
		opts.command = commandHelp
		return opts, nil, nil
	}
	command, _ := manual.Find(name)
	if err := checkArguments(command, flags.Args()); err != nil {
		return options{}, nil, err
	}
	return opts, flags.Args(), nil
}

func checkArguments(command manual.Command, given []string) error {
	argument := command.Argument
	switch {
	case argument.Metavar == "" && len(given) > 0:
		return fmt.Errorf("forebay %s takes no argument %q (an application of that name is given as %s:CALLABLE)",
			command.Name, given[0], command.Name)
	case argument.Metavar != "" && !argument.Optional && len(given) == 0:
		return fmt.Errorf("%s wants %s: forebay %s", command.Name, argument.Metavar, command.Synopsis())
	case !argument.Repeats && len(given) > 1:
		return fmt.Errorf("%s wants one %s, not %s", command.Name, argument.Metavar, strings.Join(given, " and "))
	case len(argument.Choices) > 0 && len(given) == 1 && !slices.Contains(argument.Choices, given[0]):
		return fmt.Errorf("%s wants %s, not %q", command.Name, argument.Metavar, given[0])
	}
	return nil
}

// parsePlain is for a command without options and arguments.
func parsePlain(name string) func(args []string) (options, error) {
	return func(args []string) (options, error) {
		opts, _, err := parseOwn(name, ownFlags(name), args)
		return opts, err
	}
}

// parseCompletion reads which shell is meant.
func parseCompletion(args []string) (options, error) {
	opts, rest, err := parseOwn(commandCompletion, ownFlags(commandCompletion), args)
	if len(rest) > 0 {
		opts.shell = rest[0]
	}
	return opts, err
}
