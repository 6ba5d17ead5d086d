// Package shared counts limits for several processes in one Redis.
//
// One script decides about the requests of many connections in one step: what a request needs of several limits it gets
// from all or from none. The arithmetic is that of package gcra, and the time is Redis's own.
//
// It promises that nobody waits for Redis longer than redis_timeout: what has no answer by then, and all that is asked
// while Redis is known not to answer, is an error, upon which the caller decides by itself. A Redis that has failed is
// tried again in the background, never with a request, and it counts as well only when it answers in time.
package shared

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"forebay/config"
)

// What Do returns.
var (
	// ErrDown says that Redis is known not to answer.
	ErrDown = errors.New("redis does not answer")
	// ErrLate says that it has not answered in time.
	ErrLate = errors.New("redis has not answered in time")
	// ErrBusy says that as many requests as may already wait for it.
	ErrBusy = errors.New("too many requests wait for redis")
)

// Server is a Redis that counts. Its methods are safe for concurrent use.
type Server struct {
	cfg    config.Redis
	target config.RedisTarget
	prefix string
	log    *slog.Logger
	name   string                // of this process among those that share
	client redis.UniversalClient // made by Run, and used while it runs

	queue   chan *Call
	health  health
	nodes   atomic.Int64
	flights flights
	renewal time.Duration // renewInterval
}

// New makes a Server, which asks nothing before Run.
func New(cfg config.Redis, log *slog.Logger) (*Server, error) {
	target, err := config.ParseRedis(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	var name [8]byte
	_, _ = rand.Read(name[:]) // never fails: see its documentation
	s := &Server{
		cfg: cfg, target: target, prefix: prefixOf(cfg.Prefix, target), log: log, name: hex.EncodeToString(name[:]),
		queue: make(chan *Call, cfg.Queue), health: health{failed: make(chan error, 1)}, renewal: renewInterval,
	}
	s.health.since.Store(time.Now().UnixNano())
	s.nodes.Store(int64(max(1, cfg.Nodes)))
	s.flights.all = map[int64]flight{}
	return s, nil
}

// prefixOf is how keys begin. In a cluster, one step can only be taken for keys of one slot, so there they have a tag
// (redis.io, "Redis cluster specification", hash tags).
func prefixOf(prefix string, target config.RedisTarget) string {
	if _, tag, found := strings.Cut(prefix, "{"); !target.Cluster || (found && strings.Contains(tag, "}")) {
		return prefix
	}
	return "{" + strings.TrimRight(prefix, ":") + "}:"
}

// Run asks Redis until ctx ends. It blocks, and is called once. Before and after it Do returns ErrDown.
func (s *Server) Run(ctx context.Context) error {
	s.client = newClient(s.cfg, s.target, s.log)
	var running sync.WaitGroup
	for range s.cfg.Connections {
		running.Go(func() { s.serve(ctx) })
	}
	running.Go(func() { s.renew(ctx) })
	s.watch(ctx)
	running.Wait()
	s.leave()
	return s.client.Close()
}

// Expect says how many processes share the limits, for the time until Redis has counted them. It must be called before Run.
func (s *Server) Expect(nodes int) {
	if s.cfg.Nodes == 0 {
		s.nodes.Store(int64(nodes))
	}
}

// Nodes is how many processes share the limits, as far as is known; at least 1.
func (s *Server) Nodes() int { return int(s.nodes.Load()) }

// Up reports whether Redis answers, as far as is known.
func (s *Server) Up() bool { return s.health.up.Load() }

// Since is when it began to answer, or ceased to; at first, when the Server was made.
func (s *Server) Since() time.Time { return time.Unix(0, s.health.since.Load()) }

// Errors is how many batches of calls came to nothing, or came late.
func (s *Server) Errors() uint64 { return s.health.errors.Load() }

// Key is the key of a limit in Redis: of a rate, or of requests in flight. hash is of what is counted by; nothing of that
// leaves this process otherwise.
func (s *Server) Key(kind Kind, limit, hash string) string {
	if kind == KindFlight {
		return s.prefix + "flight:" + limit + ":" + hash
	}
	return s.prefix + "rate:" + limit + ":" + hash
}

// Do takes the steps of a call, all or none, and fills their results in. It blocks for redis_timeout at most. After an
// error the call is not the caller's any more: an answer may still come.
func (s *Server) Do(c *Call) error {
	if !s.Up() {
		return ErrDown
	}
	c.prepare(s.cfg.Timeout)
	select {
	case s.queue <- c:
	default:
		c.timer.Stop()
		return ErrBusy
	}
	select {
	case err := <-c.done:
		c.timer.Stop()
		return err
	case <-c.timer.C:
		if c.leave() {
			return ErrLate
		}
		return <-c.done // it came at the last moment
	}
}

// Post takes the steps of a call some time, and nobody waits for it; then, if it is not nil, is called with the result by
// another goroutine, and must not block. It reports false, and forgets the call, if that is not possible now.
func (s *Server) Post(c *Call, then func(*Call, error)) bool {
	if !s.Up() {
		return false
	}
	c.then = then
	c.posted = true
	select {
	case s.queue <- c:
		return true
	default:
		return false
	}
}

// serve brings calls to Redis, as many at once as have come while it was asked for others.
func (s *Server) serve(ctx context.Context) {
	b := batch{calls: make([]*Call, 0, s.cfg.Batch)}
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.queue:
			b.begin(c)
		}
		b.fill(s.queue, s.cfg.Batch)
		s.flush(ctx, &b)
	}
}

// flush decides about a batch in one step.
func (s *Server) flush(ctx context.Context, b *batch) {
	if !b.encode() {
		return // nobody waits for any of it
	}
	limit, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	err := s.run(limit, b)
	s.health.note(err)
	if err != nil && !errors.Is(err, ErrDown) {
		s.doubt(b.calls)
	}
	late := b.finish(err)
	for _, c := range late {
		s.undo(c)
	}
}

// run runs the script on a batch.
func (s *Server) run(ctx context.Context, b *batch) error {
	if !s.Up() {
		return ErrDown
	}
	return s.send(ctx, b)
}

// ask takes steps in the background, whether Redis is known to answer or not.
func (s *Server) ask(ctx context.Context, b *batch) error {
	b.encode()
	return s.send(ctx, b)
}

// send has Redis run the script on what is packed.
func (s *Server) send(ctx context.Context, b *batch) error {
	reply, err := script.Run(ctx, s.client, b.keys, b.packed, s.name).Text()
	if err != nil {
		return err
	}
	return b.decode(reply)
}

// undo releases what an answer that came too late has granted: the request was decided about without it. A unit of a rate
// stays taken, as the request may have been served.
func (s *Server) undo(c *Call) {
	for i := range c.Steps {
		if step := &c.Steps[i]; step.Kind == KindFlight && step.Granted > 0 {
			s.Release(step.Key, step.ID, step.Expire)
		}
	}
}
