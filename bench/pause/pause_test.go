package pause

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestUntilIsNeverEarly(t *testing.T) {
	due := time.Now().Add(3 * time.Millisecond)
	Until(t.Context(), due)
	assert.False(t, time.Now().Before(due))
}

func TestUntilEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	Until(ctx, time.Now().Add(time.Hour))
	assert.Error(t, ctx.Err())
}
