// Package pace is fast and patient clients that ask for a page at a steady rate, whatever the server does: an open loop.
// A latency counts from the moment at which the request was due, not from the moment at which it could be sent, so that a
// server that stalls is charged with every request that should have been answered meanwhile ("coordinated omission").
package pace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"forebay/bench/client"
	"forebay/bench/pause"
)

// Load is a steady load of GET requests.
type Load struct {
	Address string `json:"-"` // host:port of the server
	Path    string `json:"path"`
	Body    string `json:"-"` // the right answer's
	// Connections share the load in turn; each sends its next request when it is due and the one before is answered.
	Connections int `json:"connections"`
	// Rate is requests a second, of all connections together.
	Rate     int           `json:"requests_per_second"`
	Duration time.Duration `json:"duration_ns"`
	// Patience is how long after it was due a request may be answered; after that it has failed.
	Patience time.Duration `json:"patience_ns"`
	// Fresh makes a new connection for each request, instead of keeping them.
	Fresh bool `json:"fresh_connections"`
}

// Run makes the load and returns what became of each request, after Duration and Patience at the latest; earlier when
// ctx ends, with ctx's error.
func (l Load) Run(ctx context.Context) (Result, error) {
	results := make([]Result, l.Connections)
	begin := time.Now()
	var clients sync.WaitGroup
	for i := range results {
		clients.Go(func() { results[i] = l.client(ctx, begin, i) }) // ends with its last request
	}
	clients.Wait()
	var all Result
	for _, result := range results {
		all.add(result)
	}
	if err := ctx.Err(); err != nil {
		return all, fmt.Errorf("load %s: %w", l.Address, err)
	}
	return all, nil
}

// Requests is how many requests are due in all.
func (l Load) Requests() int { return int(l.Duration.Seconds() * float64(l.Rate)) }

// due is when a request is to be sent, counted from the begin.
func (l Load) due(request int) time.Duration {
	return time.Duration(request) * time.Second / time.Duration(l.Rate)
}

// client sends every request that falls to connection i.
func (l Load) client(ctx context.Context, begin time.Time, i int) Result {
	var result Result
	conn := &client.Connection{Address: l.Address, Fresh: l.Fresh}
	defer conn.Close()
	for request := i; request < l.Requests(); request += l.Connections {
		due := begin.Add(l.due(request))
		pause.Until(ctx, due)
		if ctx.Err() != nil {
			break
		}
		err := l.get(ctx, conn, due.Add(l.Patience))
		result.Note(time.Since(due), err)
	}
	result.Again = conn.Again
	return result
}

// get asks for the page once.
func (l Load) get(ctx context.Context, conn *client.Connection, deadline time.Time) error {
	answer, err := conn.Do(ctx, client.Request{Method: http.MethodGet, Path: l.Path}, deadline)
	switch {
	case err != nil:
		return err
	case answer.Status != http.StatusOK:
		return client.StatusError(answer.Status)
	case answer.Body != l.Body:
		return errors.New("another body")
	}
	return nil
}
