package chaos

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"forebay/bench/client"
	"forebay/bench/pause"
)

// load is two clients at a steady rate each: one keeps its connections, the other makes a new one for each request.
type load struct {
	address     string
	rate        int
	connections int
	duration    time.Duration
	patience    time.Duration
}

// clientNames are the two; the second makes fresh connections.
var clientNames = []string{"keep-alive", "fresh"}

// postEvery is how often a request is a POST.
const postEvery = 4

// sent is what became of one request.
type sent struct {
	request client.Request
	answer  client.Answer
	err     error
	latency time.Duration // from the moment at which it was due
}

// run makes the load and returns what became of every request, of all clients.
func (l load) run(ctx context.Context) (all []sent, again int) {
	var clients sync.WaitGroup
	var mu sync.Mutex
	begin := time.Now()
	for kind, name := range clientNames {
		for i := range l.connections {
			clients.Go(func() { // ends with its last request
				conn := &client.Connection{Address: l.address, Fresh: kind == 1}
				defer conn.Close()
				own := l.one(ctx, conn, name, begin, i)
				mu.Lock()
				defer mu.Unlock()
				all, again = append(all, own...), again+conn.Again
			})
		}
	}
	clients.Wait()
	return all, again
}

// one sends every request that falls to connection i of a client.
func (l load) one(ctx context.Context, conn *client.Connection, name string, begin time.Time, i int) []sent {
	var all []sent
	for n := i; n < int(l.duration.Seconds()*float64(l.rate)); n += l.connections {
		due := begin.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		pause.Until(ctx, due)
		if ctx.Err() != nil {
			break
		}
		one := sent{request: request(name, n)}
		one.answer, one.err = conn.Do(ctx, one.request, due.Add(l.patience))
		one.latency = time.Since(due)
		all = append(all, one)
	}
	return all
}

// request is the n-th of a client. An order's name is its own.
func request(name string, n int) client.Request {
	if n%postEvery != 0 {
		return client.Request{Method: http.MethodGet, Path: "/"}
	}
	return client.Request{Method: http.MethodPost, Path: "/order", Body: fmt.Sprintf("%s-%d", name, n)}
}

// fault is why a request was not answered as it should be; nil if it was.
func (s sent) fault(page string) error {
	want := page
	if s.request.Method == http.MethodPost {
		want = s.request.Body
	}
	switch {
	case s.err != nil:
		return s.err
	case s.answer.Status != http.StatusOK:
		return client.StatusError(s.answer.Status)
	case s.answer.Body != want:
		return fmt.Errorf("another body: %.100q", s.answer.Body)
	}
	return nil
}
