package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"forebay/config"
	"forebay/config/nginx"
)

// migrating is what forebay migrate is to do.
type migrating struct {
	nginx, gunicorn string
	server          string
	output          string
	python          string
	force           bool
}

// parseMigrate reads what stands behind the command.
func parseMigrate(args []string) (options, error) {
	opts := options{command: commandMigrate, values: map[string][]string{}}
	var mi migrating
	var help bool
	flags := pflag.NewFlagSet("forebay migrate", pflag.ContinueOnError)
	flags.Usage = func() {}
	flags.StringVar(&mi.gunicorn, "gunicorn", "", "")
	flags.StringVar(&mi.server, "server", "", "")
	flags.StringVarP(&mi.output, "output", "o", "forebay.toml", "")
	flags.StringVar(&mi.python, "python", "", "")
	flags.BoolVar(&mi.force, "force", false, "")
	flags.BoolVarP(&help, "help", "h", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, ownUsageError(commandMigrate, err)
	}
	if help {
		opts.command = commandHelp
		return opts, nil
	}
	switch rest := flags.Args(); {
	case len(rest) > 1:
		return options{}, fmt.Errorf("migrate wants one file of nginx's, not %s; it reads those that this includes", strings.Join(rest, " and "))
	case len(rest) == 1:
		mi.nginx = rest[0]
	}
	opts.migrating = mi
	return opts, nil
}

// migrate writes the file and tells what is to be done now. It returns the exit code.
func migrate(mi migrating, stdout, stderr io.Writer) int {
	draft, err := draftOf(mi, stderr)
	if err != nil {
		return report(stderr, err, exitUsage)
	}
	text := draft.TOML(fmt.Sprintf("Made by forebay migrate from %s. Read it through to its end, then run: forebay check", mi.sources()))
	if mi.output == toStdout {
		if _, err := stdout.Write(text); err != nil {
			return report(stderr, fmt.Errorf("write the configuration: %w", err), exitStart)
		}
		return exitOK
	}
	if err := writeNew(mi.output, text, mi.force, "name another file by --output, or - to see it, or say --force"); err != nil {
		return report(stderr, err, exitStart)
	}
	settings, tables, left, grave := draft.Counts()
	fmt.Fprintf(stdout, "%s: settings %d, tables %d, directives left as comments %d (to be looked at first: %d)\n", mi.output, settings, tables, left, grave)
	tellFaults(mi.output, stdout)
	return exitOK
}

// sources are the files that it is made from.
func (mi migrating) sources() string {
	var names []string
	for _, path := range []string{mi.nginx, mi.gunicorn} {
		if path != "" {
			names = append(names, filepath.Base(path))
		}
	}
	return strings.Join(names, " and ")
}

func draftOf(mi migrating, stderr io.Writer) (*nginx.Draft, error) {
	if mi.nginx == "" && mi.gunicorn == "" {
		return nil, errors.New("migrate wants a file: forebay migrate /etc/nginx/sites-enabled/shop, or --gunicorn gunicorn.conf.py")
	}
	var gunicorn *config.Inherited
	if mi.gunicorn != "" {
		inherited, err := askGunicorn(mi, stderr)
		if err != nil {
			return nil, err
		}
		gunicorn = &inherited
	}
	if mi.nginx == "" {
		return nginx.FromGunicorn(gunicorn), nil
	}
	return nginx.Migrate(mi.nginx, mi.server, gunicorn)
}

// askGunicorn has the project's Python read gunicorn's file. What gunicorn takes from the environment is none of the file's:
// here it may be somebody else's.
func askGunicorn(mi migrating, stderr io.Writer) (config.Inherited, error) {
	dir, err := os.Getwd()
	if err != nil {
		return config.Inherited{}, fmt.Errorf("find the current directory: %w", err)
	}
	path, err := filepath.Abs(mi.gunicorn)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return config.Inherited{}, fmt.Errorf("read gunicorn's file: %w", err)
	}
	file, err := gunicornRunner(stderr)(config.GunicornRun{
		Path: path, Names: config.GunicornNames(), Python: mi.python, Dir: dir, Timeout: config.Default().Workers.BootTimeout,
	})
	if err != nil {
		return config.Inherited{}, err
	}
	file.Path = path
	return config.Inherit(file, filepath.Base(path), nil)
}

// tellFaults says what forebay check would: mostly directories that are on another machine.
func tellFaults(path string, stdout io.Writer) {
	dir, err := os.Getwd()
	if err != nil {
		return // whoever runs check finds out
	}
	_, err = config.Read(config.Sources{Dir: dir, File: path})
	var faults config.Faults
	if !errors.As(err, &faults) {
		return
	}
	for _, fault := range faults {
		fmt.Fprintf(stdout, "forebay check will say: %s\n", fault)
	}
}
