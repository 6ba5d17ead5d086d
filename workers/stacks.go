package workers

import (
	"time"

	"forebay/python"
)

// Stack is where one thread of a worker is.
type Stack struct {
	python.Stack
	// Serving is what it runs, or its method is empty.
	Serving Serving
	// Dumped says that the worker's main thread did not answer: the thread has written its stack by itself, the most recent
	// call first, or has not, and nobody knows where it is.
	Dumped bool
}

// Stacks returns where the threads of the worker with that process id are, and whether there is one; see Worker.Stacks.
func (p *Pool) Stacks(pid int) (stacks []Stack, found bool) {
	w := p.roster.find(pid)
	if w == nil {
		return nil, false
	}
	return w.Stacks(), true
}

// Stacks returns where the threads of the worker are: those of its slots in their order, then others that the application
// has started. Of a process that loads the application or has ended it returns none. It takes some milliseconds where
// threads hand over the GIL, and else up to a second and what each busy thread takes to write its stack. Those who ask at
// the same time are answered one after the other.
func (w *Worker) Stacks() []Stack {
	if state := w.State(); state == Booting || state == Exited {
		return nil
	}
	w.asking.Lock()
	defer w.asking.Unlock()
	select {
	case <-w.stacks: // the late answer to somebody who has not waited for it
	default:
	}
	w.send(python.AppendFrame(nil, python.KindStack, 0, nil))
	timer := time.NewTimer(stackTimeout)
	defer timer.Stop()
	select {
	case told := <-w.stacks:
		return w.known(told)
	case <-w.exited:
		return nil
	case <-timer.C:
		return w.dumpAll()
	}
}

// known adds what the threads run.
func (w *Worker) known(told []python.Stack) []Stack {
	stacks := make([]Stack, len(told))
	for i, t := range told {
		stacks[i] = Stack{Stack: t}
		if slot, err := w.slot(t.Slot); err == nil {
			stacks[i].Serving = slot.now()
		}
	}
	return stacks
}

// dumpAll has the busy threads write their stacks without the main thread.
func (w *Worker) dumpAll() []Stack {
	stacks := make([]Stack, len(w.slots))
	for i, slot := range w.slots {
		stacks[i] = Stack{Stack: python.Stack{Slot: i}, Serving: slot.now(), Dumped: true}
		if stacks[i].Serving.Method != "" {
			stacks[i].Text = w.dump(i)
		}
	}
	return stacks
}

// now returns what the thread runs; the method is empty if that is nothing.
func (s *Slot) now() Serving {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.servingLocked()
}

// hearStacks takes the main thread's answer. Only one goroutine calls it, so there is room for the answer.
func (w *Worker) hearStacks(frame python.Frame) error {
	told, err := python.ParseStacks(frame.Payload)
	if err != nil {
		return err
	}
	select {
	case <-w.stacks: // an answer for which nobody has waited
	default:
	}
	w.stacks <- told
	return nil
}
