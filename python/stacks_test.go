package python

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestStacksThatAreNone(t *testing.T) {
	for name, v := range map[string]any{
		"no list": "x", "a text in it": []any{"x"}, "a pair": []any{Tuple{0, "x"}}, "no slot": []any{Tuple{"0", "x", ""}},
		"no name": []any{Tuple{0, nil, ""}}, "no text": []any{Tuple{0, "x", []byte("x")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseStacks(AppendValue(nil, v))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
	_, err := ParseStacks([]byte("?"))
	assert.ErrorIs(t, err, ErrMarshal)
}
