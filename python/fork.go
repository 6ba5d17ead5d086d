package python

import "fmt"

// TemplateFrame returns the BOOT frame of a template: a process that imports the application and forks workers.
func (b Boot) TemplateFrame() []byte {
	d := b.dict()
	d["template"] = true
	return AppendFrame(nil, KindBoot, 0, AppendValue(nil, d))
}

// ForkFrame returns the FORK frame that asks a template for a worker. So many descriptors follow it, and those that b
// names are positions among them.
func (b Boot) ForkFrame(descriptors int) []byte {
	d := b.dict()
	d["descriptors"] = descriptors
	return AppendFrame(nil, KindFork, 0, AppendValue(nil, d))
}

// ParseForked reads the payload of FORKED: the worker's process id, or 0 and why there is no worker.
func ParseForked(payload []byte) (pid int, refusal string, err error) {
	v, err := ReadValue(payload)
	if err != nil {
		return 0, "", err
	}
	t, _ := v.(Tuple)
	if len(t) != 2 {
		return 0, "", fmt.Errorf("%w: not a tuple of two", ErrMarshal)
	}
	pid, isNumber := t[0].(int)
	refusal, isText := t[1].(string)
	if !isNumber || !isText || pid < 0 {
		return 0, "", fmt.Errorf("%w: not a process id and a text", ErrMarshal)
	}
	return pid, refusal, nil
}
