package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// What a browser sends of candidates, for both of its connections.
	candidatesEach = 12
	statsInterval  = 2 * time.Second
	// The pauses of the client library, where the relay names none.
	firstPause   = 500 * time.Millisecond
	longestPause = 10 * time.Second
	// How long the crowd may take to be in.
	arrivalPatience = 120 * time.Second
)

var (
	joinErrorMark  = []byte(`"id":1,"error":`)
	closeCodeMark  = []byte(`"closeCode":`)
	retryAfterText = regexp.MustCompile(`"retryAfterMs":(\d+)`)
	statsFrame     = frame(`{"jsonrpc":"2.0","id":2,"method":"stats","params":{"report":[]}}`)
)

// tally counts what the visitors do, all of them together.
type tally struct {
	// Sockets that were opened, or tried to be; joins that were sent; of both, those that were refused for now.
	connects, joins, refusals atomic.Int64
	// Messages of visitors who were in, or coming in, that were refused.
	lost atomic.Int64
	// The refusal of the first one.
	firstLost atomic.Value
	// Times that anybody has come in.
	entered atomic.Int64
	// When the first one has lost its connection, in ns since 1970; 0 if nobody has.
	firstLoss atomic.Int64
}

// visitor is a client that comes in as the client library does: it waits as it is told, and comes back when it is cut off.
type visitor struct {
	crowd *crowd
	tally *tally
	join  []byte
	token string
	// Since it has been in, or since the beginning.
	attempts int
	// For how long the relay told it to wait; negative if it did not.
	told time.Duration
}

// Brings so many clients at once, and returns when all have joined.
func (c *crowd) arrive(command Command) Outcome {
	c.fillRooms(command)
	c.tally = &tally{}
	start := time.Now()
	for n := 0; n < command.Count; n++ {
		number := int(c.serial.Add(1)) - 1
		v := &visitor{crowd: c, tally: c.tally, join: frame(c.joinText(number, nil)), token: fmt.Sprintf("token-%d", number), told: -1}
		go v.live()
	}
	return c.tally.until(int64(command.Count), func() time.Time { return start })
}

// Returns when all clients of `arrive` have been cut off and have joined again.
func (c *crowd) comeBack(command Command) Outcome {
	t := c.tally
	t.connects.Store(0)
	t.joins.Store(0)
	t.refusals.Store(0)
	t.firstLoss.Store(0)
	return t.until(t.entered.Load()+int64(command.Count), func() time.Time { return time.Unix(0, t.firstLoss.Load()) })
}

func (t *tally) until(entered int64, since func() time.Time) Outcome {
	outcome := Outcome{}
	for deadline := time.Now().Add(arrivalPatience); t.entered.Load() < entered; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			outcome.fail(int(entered-t.entered.Load()), fmt.Errorf("not all clients are in after %s", arrivalPatience))
			break
		}
	}
	outcome.Took = time.Since(since()).Seconds()
	outcome.Connects, outcome.Joins, outcome.Refusals = t.connects.Load(), t.joins.Load(), t.refusals.Load()
	if lost := t.lost.Load(); lost > 0 {
		outcome.fail(int(lost), fmt.Errorf("clients that were in were refused: %s", t.firstLost.Load()))
	}
	return outcome
}

func (v *visitor) live() {
	for {
		v.connect()
		time.Sleep(v.pause())
	}
}

func (v *visitor) pause() time.Duration {
	told := v.told
	v.told = -1
	if told >= 0 {
		return told
	}
	pause := firstPause
	for n := 0; n < v.attempts && pause < longestPause; n++ {
		pause *= 2
	}
	if pause > longestPause {
		pause = longestPause
	}
	v.attempts++
	return time.Duration(float64(pause) * (0.75 + rand.Float64()/2))
}

// One connection, from its beginning to its end.
func (v *visitor) connect() {
	v.tally.connects.Add(1)
	ws, err := dial(v.crowd.url, v.token)
	if err != nil {
		return
	}
	defer ws.conn.Close()
	if v.ask(ws) != nil {
		return
	}
	hasResult, hasOffer, isIn := false, false, false
	for {
		text, err := ws.read()
		if err != nil {
			if isIn {
				v.tally.firstLoss.CompareAndSwap(0, time.Now().UnixNano())
			}
			return
		}
		switch {
		case bytes.Contains(text, errorMark):
			v.refused(ws, text)
		case bytes.Contains(text, offerMark):
			hasOffer = true
			_ = ws.write(v.crowd.answerFrame)
		case bytes.Contains(text, resultMark) && !hasResult:
			hasResult = true
			_ = ws.write(bytes.Repeat(frame(trickleText(0)), candidatesEach))
		}
		if hasResult && hasOffer && !isIn {
			isIn = true
			v.attempts = 0
			v.tally.entered.Add(1)
			stop := make(chan struct{})
			defer close(stop)
			go report(ws, stop)
		}
	}
}

// Statistics as the client library sends them.
func report(ws *socket, stop chan struct{}) {
	for next := time.Duration(rand.Int63n(int64(statsInterval))); ; next = statsInterval {
		select {
		case <-stop:
			return
		case <-time.After(next):
			_ = ws.write(statsFrame)
		}
	}
}

func (v *visitor) ask(ws *socket) error {
	v.tally.joins.Add(1)
	return ws.write(v.join)
}

func (v *visitor) refused(ws *socket, text []byte) {
	wait := time.Duration(-1)
	if found := retryAfterText.FindSubmatch(text); found != nil {
		ms, _ := strconv.Atoi(string(found[1]))
		wait = time.Duration(ms) * time.Millisecond
	}
	switch {
	case bytes.Contains(text, closeCodeMark):
		v.tally.refusals.Add(1)
		v.told = wait
	case bytes.Contains(text, joinErrorMark) && wait >= 0:
		v.tally.refusals.Add(1)
		time.AfterFunc(wait, func() { _ = v.ask(ws) })
	default:
		v.tally.lost.Add(1)
		v.tally.firstLost.CompareAndSwap(nil, fmt.Sprintf("%.300s", text))
	}
}
