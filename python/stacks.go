package python

import "fmt"

// Stack is where a thread of a worker is.
type Stack struct {
	Slot int    // -1: it is a thread that the application has started
	Name string // as Python calls it
	Text string // most recent call last; empty if it runs nothing of the application's
}

// ParseStacks reads the payload of STACKS.
func ParseStacks(payload []byte) ([]Stack, error) {
	v, err := ReadValue(payload)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: STACKS is no list", ErrMarshal)
	}
	stacks := make([]Stack, len(list))
	for i, v := range list {
		t, _ := v.(Tuple)
		if len(t) != 3 {
			return nil, fmt.Errorf("%w: a stack is no tuple of three", ErrMarshal)
		}
		slot, isSlot := t[0].(int)
		name, isName := t[1].(string)
		text, isText := t[2].(string)
		if !isSlot || !isName || !isText {
			return nil, fmt.Errorf("%w: a stack is not a slot and two texts", ErrMarshal)
		}
		stacks[i] = Stack{slot, name, text}
	}
	return stacks, nil
}
