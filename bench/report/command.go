package report

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"forebay/bench/peer"
)

// Options are those that each benchmark has.
type Options struct {
	peer.Choice
	// JSON is the file for every single figure. Empty means that there is none.
	JSON string
}

// Parse reads the command line of the benchmark that has that name, in which there may be nothing but flags. more adds those
// that this benchmark has beside ours. What is in the options before it is the default. Nothing is validated.
func (o *Options) Parse(name string, args []string, more func(*flag.FlagSet)) error {
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	o.Choice.Flags(flags)
	flags.StringVar(&o.JSON, "json", "", "file for every single figure")
	more(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// Findings are what a benchmark has found, every single figure of it.
type Findings interface {
	// WriteMarkdown writes them for a reader. An error of the writer is not looked for: it goes to a terminal.
	WriteMarkdown(to io.Writer)
}

// Run prepares what the peers and the measurement need, measures, and writes what was found on stdout and into the file for
// figures. When it returns all that measure has started must have been stopped, and nothing is left of what was prepared.
func (o Options) Run(ctx context.Context, measure func(context.Context, peer.Kit) (Findings, error), programs ...string) error {
	kit, err := peer.Prepare(ctx, o.Choice, programs...)
	defer kit.Clean()
	if err != nil {
		return err
	}
	found, err := measure(ctx, kit)
	if err != nil {
		return err
	}
	found.WriteMarkdown(os.Stdout)
	if o.JSON == "" {
		return nil
	}
	return Save(o.JSON, found)
}
