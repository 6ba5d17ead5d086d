//go:build !linux

package generator

import (
	"context"
	"errors"
	"time"
)

func (l Load) loop(context.Context, []text, time.Time, int, int) (Result, error) {
	return Result{}, errors.New("it needs Linux")
}
