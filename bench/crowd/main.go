package crowd

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// reportEvery is how often a crowd in a process of its own says how it fares.
const reportEvery = 200 * time.Millisecond

// Main is a crowd in a process of its own, where its work cannot delay whoever measures. It writes its Status on stdout,
// one line of JSON each time, and ends when stdin does, that is also when whoever started it is killed.
func Main(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("crowd", flag.ExitOnError)
	name := flags.String("kind", "silent", fmt.Sprintf("kind of the clients, of %v", Names()))
	to := flags.String("to", "", "ADDRESS:PORT of a server on the IPv4 loopback interface")
	n := flags.Int("clients", 100, "number of clients")
	if err := flags.Parse(args); err != nil {
		return err
	}
	kind, err := Find(*name)
	if err != nil {
		return err
	}
	clients, err := New(kind, *to, *n)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the process at the latest
		_, _ = io.Copy(io.Discard, os.Stdin) // nothing is expected but its end
		cancel()
	}()
	told := make(chan struct{})
	go func() { // ends with ctx, which Run's end cancels
		defer close(told)
		clients.tell(ctx, os.Stdout)
	}()
	err = clients.Run(ctx)
	cancel()
	<-told
	return err
}

// tell writes the status until ctx ends.
func (c *Crowd) tell(ctx context.Context, w io.Writer) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	lines := json.NewEncoder(w)
	for {
		if err := lines.Encode(c.Status()); err != nil {
			return // nobody listens
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
