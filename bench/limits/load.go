package limits

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Answers is what became of requests in some time.
type Answers struct {
	Took time.Duration `json:"took_ns"`
	// Served were answered 200, Refused 429, and Failed anything else or nothing.
	Served  int           `json:"served"`
	Refused int           `json:"refused"`
	Failed  int           `json:"failed"`
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	Max     time.Duration `json:"max_ns"`
}

// load asks URLs on several connections each, all the time.
type load struct {
	client *http.Client
	quit   chan struct{}
	all    sync.WaitGroup

	mu      sync.Mutex
	since   time.Time
	first   time.Time // when the first was asked for that was served
	last    time.Time // when the last one was
	answers Answers
	times   []time.Duration
}

// newLoad begins. It ends by stop.
func newLoad(urls []string, askers int, pause time.Duration) *load {
	l := &load{quit: make(chan struct{}), client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: askers}, Timeout: 10 * time.Second,
	}}
	for _, url := range urls {
		for range askers {
			l.all.Go(func() { // ends by stop
				for l.pause(pause) {
					l.ask(url)
				}
			})
		}
	}
	return l
}

func (l *load) pause(d time.Duration) bool {
	select {
	case <-l.quit:
		return false
	case <-time.After(d):
		return true
	}
}

func (l *load) ask(url string) {
	begun := time.Now()
	resp, err := l.client.Get(url) //nolint:noctx // the client has a time limit
	took := time.Since(begun)
	if err == nil {
		_ = resp.Body.Close() // its status is all that counts
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times = append(l.times, took)
	switch {
	case err == nil && resp.StatusCode == http.StatusOK:
		l.answers.Served++
		if l.first.IsZero() {
			l.first = begun
		}
		l.last = begun.Add(took)
	case err == nil && resp.StatusCode == http.StatusTooManyRequests:
		l.answers.Refused++
	default:
		l.answers.Failed++
	}
}

// begin forgets what was, and end returns what has been since.
func (l *load) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since, l.answers, l.times = time.Now(), Answers{}, nil
	l.first, l.last = time.Time{}, time.Time{}
}

func (l *load) end() Answers {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.answers
	a.Took = time.Since(l.since)
	if n := len(l.times); n > 0 {
		slices.Sort(l.times)
		a.P50, a.P99, a.Max = l.times[n/2], l.times[n*99/100], l.times[n-1]
	}
	return a
}

func (l *load) stop() {
	close(l.quit)
	l.all.Wait()
	l.client.CloseIdleConnections()
}
