package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"

	"forebay/config"
	"forebay/proxy/coding"
	"forebay/proxy/sidecar"
)

// compression is what forebay compress is to do.
type compression struct {
	dirs    []string
	minSize int64
	codings []coding.Coding
	quiet   bool
}

// usualMinSize is the size from which on the server compresses files, too: one packet holds a smaller one as it is.
const usualMinSize = 1 << 10

// parseCompress reads what stands behind the command.
func parseCompress(args []string) (options, error) {
	c := compression{minSize: usualMinSize, codings: coding.All[:]}
	flags := ownFlags(commandCompress)
	flags.Func("min-size", "", func(text string) (err error) {
		c.minSize, err = config.ParseSize(text)
		return err
	})
	flags.Func("codings", "", func(text string) (err error) {
		c.codings, err = parseCodings(text)
		return err
	})
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "")
	opts, dirs, err := parseOwn(commandCompress, flags, args)
	if len(dirs) > 0 {
		c.dirs = dirs
		opts.compression = c
	}
	return opts, err
}

func parseCodings(text string) ([]coding.Coding, error) {
	var codings []coding.Coding
	for name := range strings.SplitSeq(text, ",") {
		found := coding.Identity
		for _, c := range coding.All {
			if c.String() == strings.TrimSpace(name) {
				found = c
			}
		}
		if found == coding.Identity {
			return nil, fmt.Errorf("want some of br, zstd and gzip, not %q", name)
		}
		codings = append(codings, found)
	}
	return codings, nil
}

// compress writes the copies and tells what was won. It returns the exit code.
func compress(c compression, stdout, stderr io.Writer) int {
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // half a copy is to be removed
	defer release()
	began := time.Now()
	progress, clearBar := newBar(stderr, c.quiet)
	s, err := sidecar.Write(ctx, c.dirs, sidecar.Options{
		MinSize: c.minSize, Codings: c.codings, AtOnce: runtime.GOMAXPROCS(0), Progress: progress,
	})
	clearBar()
	if s != nil {
		for _, fault := range s.Faults {
			fmt.Fprintln(stderr, "forebay:", fault)
		}
		if more := s.Failed - len(s.Faults); more > 0 {
			fmt.Fprintf(stderr, "forebay: and %d more faults\n", more)
		}
		if !c.quiet {
			writeSummary(stdout, s, c.minSize, time.Since(began))
		}
	}
	switch {
	case err != nil:
		return report(stderr, err, exitStart)
	case s.Failed > 0:
		return exitStart
	}
	return exitOK
}

// newBar returns what shows how far we are, if there is somebody to see it, and what takes it away.
func newBar(stderr io.Writer, quiet bool) (show func(done, total int64), clearBar func()) {
	if quiet || columnsOf(stderr) == 0 {
		return nil, func() {}
	}
	const all = 1000
	bar := progressbar.NewOptions(all, progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription("compressing"),
		progressbar.OptionSetWidth(40), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	show = func(done, total int64) {
		_ = bar.Set64(done * all / max(total, 1)) // a terminal that is gone sees nothing more
	}
	return show, func() { _ = bar.Clear() }
}
