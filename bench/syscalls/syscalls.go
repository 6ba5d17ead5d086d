// Package syscalls counts the system calls of processes and all their threads while something is done with them. Where it
// may, it has the kernel count (the tracepoint raw_syscalls:sys_enter), which hardly slows them down; and else it runs
// strace, which does.
package syscalls

import (
	"context"
	"fmt"

	"forebay/bench/machine"
)

// Ways of counting.
const (
	ByTracepoint = "the kernel's tracepoint raw_syscalls:sys_enter"
	ByStrace     = "strace -c, which makes servers so slow that they batch more than they would"
)

// Counter counts in one of the ways.
type Counter struct {
	How   string
	count func(ctx context.Context, pids []int, work func() error) (int64, error)
}

// New finds out which way works here.
func New() (Counter, error) {
	id, fault := tracepoint()
	if fault == nil {
		return Counter{How: ByTracepoint, count: func(_ context.Context, pids []int, work func() error) (int64, error) {
			return countEvents(id, pids, work)
		}}, nil
	}
	path, err := findStrace()
	if err != nil {
		return Counter{}, fmt.Errorf("count system calls: %w; %w", fault, err)
	}
	return Counter{How: ByStrace, count: func(ctx context.Context, pids []int, work func() error) (int64, error) {
		return strace(ctx, path, pids, work)
	}}, nil
}

// Around counts the calls of the roots and all they have forked, while work is done. Processes that come meanwhile are
// counted, too.
func (c Counter) Around(ctx context.Context, roots []int, work func() error) (int64, error) {
	pids, err := machine.Tree(roots)
	if err != nil {
		return 0, err
	}
	n, err := c.count(ctx, pids, work)
	if err != nil {
		return 0, fmt.Errorf("count system calls: %w", err)
	}
	return n, nil
}
