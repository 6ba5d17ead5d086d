package python

import "fmt"

// InterruptFrame returns the INTERRUPT frame for the request that was the n-th on a slot.
func InterruptFrame(slot int, n uint32, raise bool) []byte {
	return AppendFrame(nil, KindInterrupt, 0, AppendValue(nil, Tuple{slot, int(int32(n)), raise}))
}

// Interrupted is a worker's answer to an INTERRUPT.
type Interrupted struct {
	Slot    int
	Request uint32 // the n-th on that slot
	Stack   string // of its thread, most recent call last; empty if it was not running that request
	Outcome string // what became of the exception, in words; empty if none was asked for
}

// ParseInterrupted reads the payload of INTERRUPTED.
func ParseInterrupted(payload []byte) (Interrupted, error) {
	v, err := ReadValue(payload)
	if err != nil {
		return Interrupted{}, err
	}
	t, _ := v.(Tuple)
	if len(t) != 4 {
		return Interrupted{}, fmt.Errorf("%w: not a tuple of four", ErrMarshal)
	}
	slot, isSlot := t[0].(int)
	n, isNumber := t[1].(int)
	stack, isStack := t[2].(string)
	outcome, isOutcome := t[3].(string)
	if !isSlot || !isNumber || !isStack || !isOutcome {
		return Interrupted{}, fmt.Errorf("%w: not a slot, a number and two texts", ErrMarshal)
	}
	return Interrupted{slot, uint32(int32(n)), stack, outcome}, nil
}
