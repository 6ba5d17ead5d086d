package top

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"forebay/proxy/status"
)

const (
	// again is the pause before the server is asked anew when it has not answered.
	again = time.Second
	// stackTimeout is how long a worker may take to say where its threads are.
	stackTimeout = 15 * time.Second
)

// Source is where top has it from. See package client.
type Source interface {
	Events(ctx context.Context, each func(*status.Status)) error
	Stack(ctx context.Context, pid, thread int) (string, error)
}

// Run shows the state of a server on a terminal, anew each second, until somebody presses q. A server that is started again
// is shown as soon as it answers.
func Run(source Source, in, out *os.File) error {
	if !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return errors.New("top needs a terminal: forebay status is for everything else")
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }() // there is nothing else to be done
	_, _ = out.WriteString("\x1b[?1049h\x1b[?25l")            // another screen, without a cursor
	defer func() { _, _ = out.WriteString("\x1b[?25h\x1b[?1049l") }()

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	l := &loop{
		source: source, out: out,
		states: make(chan *status.Status, 1), troubles: make(chan string, 1), stacks: make(chan string, 1), keys: make(chan key, 16),
	}
	go l.listen(ctx)   // ends with ctx
	go l.read(ctx, in) // ends with the process: nothing else ends a read from a terminal
	return l.run(ctx)
}

// loop is a page that is shown.
type loop struct {
	source   Source
	out      *os.File
	screen   screen
	asking   bool // for a stack
	states   chan *status.Status
	troubles chan string
	stacks   chan string
	keys     chan key
}

// listen hears what the server says.
func (l *loop) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.source.Events(ctx, func(st *status.Status) {
			select {
			case l.states <- st:
			case <-ctx.Done():
			}
		})
		select {
		case l.troubles <- err.Error():
		case <-ctx.Done():
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
		}
	}
}

func (l *loop) read(ctx context.Context, in *os.File) {
	b := make([]byte, 64)
	for {
		n, err := in.Read(b)
		keys := keysOf(b[:n])
		if err != nil { // the terminal has gone
			keys = []key{keyInterrupt}
		}
		for _, k := range keys {
			select {
			case l.keys <- k:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *loop) run(ctx context.Context) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	for !l.screen.leaving {
		if err := l.paint(); err != nil {
			return err
		}
		select {
		case st := <-l.states:
			l.screen.see(st)
		case l.screen.trouble = <-l.troubles:
		case text := <-l.stacks:
			l.asking = false
			l.screen.show(text)
		case k := <-l.keys:
			if asked := l.screen.press(k); asked != nil && !l.asking {
				l.asking = true
				go l.ask(ctx, *asked) // ends with the answer, or ctx
			}
		case sig := <-signals:
			l.screen.leaving = sig != syscall.SIGWINCH
		}
	}
	return nil
}

// ask fetches a stack.
func (l *loop) ask(ctx context.Context, r row) {
	ctx, stop := context.WithTimeout(ctx, stackTimeout)
	defer stop()
	text, err := l.source.Stack(ctx, r.pid, r.thread)
	if err != nil {
		text = err.Error() + "\n"
	}
	select {
	case l.stacks <- text:
	case <-ctx.Done():
	}
}

// paint draws the whole screen in one write, each line over the one that stood there: nothing flickers.
func (l *loop) paint() error {
	width, height, err := term.GetSize(int(l.out.Fd()))
	if err != nil || width == 0 || height == 0 {
		width, height = 80, 24
	}
	var b bytes.Buffer
	for i, line := range l.screen.draw(width, height) {
		fmt.Fprintf(&b, "\x1b[%d;1H%s\x1b[K", i+1, line)
	}
	if _, err := l.out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	return nil
}
