package proxy

import (
	"errors"
	"net/http"

	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/proxy/head"
	"forebay/proxy/limit"
	"forebay/workers"
)

// reasonOf is the kind of what was wrong with a request, if anything was; see statusOf for what its client sees of it.
func reasonOf(err error) access.Reason {
	if err == nil { // here, as what follows allocates before it does anything
		return access.NoReason
	}
	return reasonOfFault(err)
}

func reasonOfFault(err error) access.Reason {
	var refusal *head.Refusal
	var limited *limit.Refusal
	var unsent *sendError
	var raised *dispatch.ApplicationError
	var invalid *brokenResponse
	switch {
	case errors.As(err, &refusal):
		return reasonOfRefusal(refusal.Status)
	case errors.As(err, &limited):
		return access.Limited
	case errors.Is(err, errCut): // also within a sendError
		return access.Stopping
	case errors.As(err, &unsent), errors.Is(err, dispatch.ErrClientGone):
		return access.ClientLeft
	case errors.Is(err, dispatch.ErrQueueFull):
		return access.QueueFull
	case errors.Is(err, dispatch.ErrQueueTimeout):
		return access.QueueTimeout
	case errors.Is(err, dispatch.ErrTimeout):
		return access.Timeout
	case errors.Is(err, workers.ErrWorkerKilled):
		return access.WorkerKilled
	case errors.Is(err, workers.ErrWorkerDied):
		return access.WorkerDied
	case errors.As(err, &raised):
		return access.Raised
	case errors.As(err, &invalid), errors.Is(err, errShort):
		return access.InvalidResponse
	}
	return access.Internal
}

// reasonOfRefusal is that of a request which was refused by itself, whatever there is to serve it.
func reasonOfRefusal(status int) access.Reason {
	switch status {
	case http.StatusNotFound:
		return access.NotFound
	case http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return access.TooLarge
	case http.StatusRequestTimeout:
		return access.TooSlow
	case http.StatusServiceUnavailable:
		return access.NoConnection
	case http.StatusInsufficientStorage:
		return access.NoRoom
	case statusClientGone:
		return access.ClientLeft
	}
	return access.Malformed
}
