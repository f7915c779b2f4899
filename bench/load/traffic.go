package main

import "sync/atomic"

// traffic is what the clients have received.
type traffic struct {
	// Bytes of frames with text, and how many of them came to clients that had joined already.
	bytes    atomic.Int64
	messages atomic.Int64
	longest  atomic.Int64
	// Of those that had joined.
	messageBytes atomic.Int64
}

func (t *traffic) count(text []byte, hasJoined bool) {
	length := int64(frameLength(len(text)))
	t.bytes.Add(length)
	if hasJoined {
		t.messages.Add(1)
		t.messageBytes.Add(length)
	}
	for longest := t.longest.Load(); length > longest; longest = t.longest.Load() {
		if t.longest.CompareAndSwap(longest, length) {
			return
		}
	}
}

// Of a frame that a server sends: without a mask.
func frameLength(text int) int {
	switch {
	case text < 126:
		return text + 2
	case text < 1<<16:
		return text + 4
	default:
		return text + 10
	}
}
