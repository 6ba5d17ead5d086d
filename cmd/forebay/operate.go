package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"forebay/config"
	"forebay/proxy/admin/client"
	"forebay/proxy/admin/top"
)

const (
	// askTimeout is how long a server may take to answer a command.
	askTimeout = 5 * time.Second
	// stackTimeout is how long it may take to say where the threads of a worker are.
	stackTimeout = 15 * time.Second
	// reloadSlack is what a reload may take beside the time for its workers to boot.
	reloadSlack = 30 * time.Second
)

// operators are the commands that ask a server which runs.
var operators = map[string]func(*client.Client, options, config.Config, io.Writer) error{
	commandStatus: showStatus,
	commandReload: askReload,
	commandStop:   askStop,
	commandStack:  showStack,
	commandTop: func(c *client.Client, _ options, _ config.Config, stdout io.Writer) error {
		out, _ := stdout.(*os.File)
		return top.Run(c, os.Stdin, out)
	},
}

// operate does what a command for a running server says, and returns the exit code.
func operate(opts options, sources config.Sources, stdout, stderr io.Writer) int {
	reading, err := readAdmin(sources)
	if err != nil {
		return report(stderr, err, exitUsage)
	}
	if opts.command == commandHealth {
		if err := health(reading.Config); err != nil {
			return report(stderr, err, exitStart)
		}
		fmt.Fprintln(stdout, "ok")
		return exitOK
	}
	c, err := client.New(reading.Config.Admin)
	if errors.Is(err, client.ErrNone) {
		return report(stderr, err, exitUsage)
	}
	if err == nil {
		err = operators[opts.command](c, opts, reading.Config, stdout)
	}
	if err != nil {
		return report(stderr, err, exitStart)
	}
	return exitOK
}

// readAdmin reads the configuration for a command. What is wrong with it is the server's affair, unless it is about how to
// reach that, or that is not said.
//
// gunicorn's file cannot say that, and is not run for it: in a container health is asked for all the time.
func readAdmin(sources config.Sources) (config.Reading, error) {
	run := sources.RunGunicorn
	sources.RunGunicorn = nil
	reading, err := config.Read(sources)
	if reading.Config.Admin.Listen == "" && reading.Config.App.FromGunicorn != "" {
		sources.RunGunicorn = run // it may say which address is asked instead
		reading, err = config.Read(sources)
	}
	var faults config.Faults
	if !errors.As(err, &faults) {
		return reading, err
	}
	ours := func(f config.Fault) bool { return strings.HasPrefix(f.Key, "admin") }
	if reading.Config.Admin.Listen == "" || slices.ContainsFunc(faults, ours) {
		return reading, err
	}
	return reading, nil
}

func within(limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), limit)
}

func showStatus(c *client.Client, opts options, _ config.Config, stdout io.Writer) error {
	ctx, stop := within(askTimeout)
	defer stop()
	if opts.json {
		text, err := c.StatusText(ctx)
		if err == nil {
			_, err = fmt.Fprintf(stdout, "%s\n", text)
		}
		return err
	}
	st, err := c.Status(ctx)
	if err != nil {
		return err
	}
	return top.Write(stdout, st)
}

func askReload(c *client.Client, _ options, cfg config.Config, stdout io.Writer) error {
	ctx, stop := within(cfg.Workers.BootTimeout + reloadSlack)
	defer stop()
	done, err := c.Reload(ctx)
	if err != nil {
		return err
	}
	if !done.OK {
		return fmt.Errorf("reload refused, everything goes on as before: %s", top.Printable(done.Error))
	}
	fmt.Fprintf(stdout, "reloaded in %v\n", time.Duration(done.Took*float64(time.Second)).Round(time.Millisecond))
	return nil
}

func askStop(c *client.Client, _ options, _ config.Config, stdout io.Writer) error {
	ctx, stop := within(askTimeout)
	defer stop()
	if err := c.Stop(ctx); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "stopping: running requests have graceful_timeout to end")
	return nil
}

// showStack shows the threads of one worker, or of all.
func showStack(c *client.Client, opts options, _ config.Config, stdout io.Writer) error {
	ctx, stop := within(stackTimeout)
	defer stop()
	pids := []int{opts.pid}
	if opts.pid == 0 {
		st, err := c.Status(ctx)
		if err != nil {
			return err
		}
		pids = nil
		for _, w := range st.Workers {
			pids = append(pids, w.PID)
		}
	}
	for _, pid := range pids {
		text, err := c.Stack(ctx, pid, -1)
		if err != nil && opts.pid == 0 { // it may have ended since
			text = err.Error() + "\n"
		} else if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "worker %d\n\n%s\n", pid, top.Printable(text))
	}
	return nil
}

// health returns nil if requests may be sent to the server: by what the admin listener says, which costs the application
// nothing, and without one by asking the first address for "/".
func health(cfg config.Config) error {
	ctx, stop := within(askTimeout)
	defer stop()
	c, err := client.New(cfg.Admin)
	if errors.Is(err, client.ErrNone) {
		return client.Probe(ctx, cfg.Proxy.Bind[0])
	}
	if err != nil {
		return err
	}
	return c.Ready(ctx)
}
