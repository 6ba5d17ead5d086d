package shared

import (
	"context"
	"slices"
	"time"
)

const (
	// presence is how often a process says that it shares, and gone is when one that has not is not counted.
	presence = 5 * time.Second
	gone     = 3 * presence
	// everybody is more than any number of processes, or of requests in flight.
	everybody = 1 << 50
)

// appear counts this process among those that share, and counts them.
func (s *Server) appear(ctx context.Context) error {
	b := batch{calls: []*Call{{Steps: []Step{{Kind: KindFlight, Key: s.prefix + "processes", Most: everybody, Expire: gone}}}}}
	if err := s.ask(ctx, &b); err != nil {
		return err
	}
	if s.cfg.Nodes == 0 {
		s.counted(b.calls[0].Steps[0].Level)
	}
	return nil
}

// counted notes how many processes there are. A Redis that has lost its data counts them as they come back: until all have
// had the time for it, there are not fewer than before.
func (s *Server) counted(nodes int64) {
	if !s.health.again.IsZero() && time.Since(s.health.again) < gone {
		nodes = max(nodes, s.nodes.Load())
	}
	s.nodes.Store(max(1, nodes))
}

// leave takes this process from those that share, so that the share of the others grows at once, and its requests from those
// in flight, as nobody would hear of them any more.
func (s *Server) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Timeout)
	defer cancel()
	calls := append(s.flights.releases(), &Call{Steps: []Step{{Kind: KindRelease, Key: s.prefix + "processes"}}})
	for some := range slices.Chunk(calls, s.cfg.Batch) {
		if err := s.ask(ctx, &batch{calls: some}); err != nil {
			s.log.Debug("redis not told of the end", "error", err) // it finds out in a while
			return
		}
	}
}
