package dispatch

import (
	"log/slog"
	"testing"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// crew returns a dispatcher with the idle threads of workers that do not exist: enough to be lent and given back.
func crew(b testing.TB, paths []config.Path, processes, threads int) *Dispatcher {
	b.Helper()
	d, err := New(patient(), paths, spool.Limits{Memory: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(d.drivers.Release)
	for range processes {
		l := &lane{empty: make(chan struct{})}
		for range threads {
			l.idle = append(l.idle, &thread{lane: l})
		}
		d.lanes = append(d.lanes, l)
		d.threads += threads
	}
	return d
}

// What the decision costs where a thread is idle, and where one comes back to a queue.
func BenchmarkDecide(b *testing.B) {
	req := &python.Request{Method: "GET", Path: config.NoPath}
	b.Run("idle thread", func(b *testing.B) {
		d := crew(b, nil, 2, 4)
		b.ReportAllocs()
		for b.Loop() {
			t, _, _ := d.admit(req)
			d.popFor(t)
		}
	})
	b.Run("queue", func(b *testing.B) {
		d := crew(b, nil, 1, 1)
		t, _, _ := d.admit(req)
		b.ReportAllocs()
		for b.Loop() {
			_, w, _ := d.admit(req)
			d.popFor(t)
			w.free()
		}
	})
}
