package chromiumtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// errGone is the answer to a call whose browser has ended.
var errGone = errors.New("the browser has ended")

// message is a call, its answer, or an event.
type message struct {
	ID        int64           `json:"id,omitempty"`
	Session   string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Exception *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// wire is the DevTools protocol over two pipes: JSON, each message ended by a zero byte.
type wire struct {
	out io.Writer
	in  io.Reader

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan message      // each has room for its one answer
	heard   map[string]func(m *message) // by session
	gone    chan struct{}               // closed by read when the browser has ended
}

func newWire(out io.Writer, in io.Reader) *wire {
	return &wire{
		out: out, in: in, waiting: map[int64]chan message{}, heard: map[string]func(*message){},
		gone: make(chan struct{}),
	}
}

// read takes messages until the browser ends.
func (w *wire) read() {
	defer close(w.gone)
	in := bufio.NewReader(w.in)
	for {
		text, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue // the browser's own fault: the call that misses its answer says so
		}
		w.deliver(&m)
	}
}

func (w *wire) deliver(m *message) {
	w.mu.Lock()
	answer, event := w.waiting[m.ID], w.heard[m.Session]
	delete(w.waiting, m.ID)
	w.mu.Unlock()
	switch {
	case answer != nil:
		answer <- *m
	case m.Method != "" && event != nil:
		event(m)
	}
}

// listen has event called with each event of a session, by the goroutine that reads.
func (w *wire) listen(session string, event func(m *message)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard[session] = event
}

// call sends a command and waits for its result, which is written into result unless that is nil.
func (w *wire) call(ctx context.Context, session, method string, params, result any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := w.send(session, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case m := <-answer:
		if m.Exception != nil {
			return fmt.Errorf("%s: %s", method, m.Exception.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-w.gone:
		return fmt.Errorf("%s: %w", method, errGone)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (w *wire) send(session, method string, params any) (<-chan message, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	text, err := json.Marshal(message{ID: w.last, Session: session, Method: method, Params: raw})
	if err != nil {
		return nil, err
	}
	answer := make(chan message, 1)
	w.waiting[w.last] = answer
	_, err = w.out.Write(append(text, 0))
	return answer, err
}
