// The other side of the benchmark, in one process: the SFU that the relay speaks to, and the clients that speak to the
// relay. It does what it is told on its standard input, one JSON command a line, and answers each with one JSON line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// Command is what to do next; only the members that an action needs are set.
type Command struct {
	Do string `json:"do"`
	// target: the relay to load, and whose CPU to count.
	URL string `json:"url"`
	PID int    `json:"pid"`
	// target: whether the clients have the capability `resume`.
	Resumes bool `json:"resumes"`
	// How many: sessions of join and fill, rounds, messages, cycles of churn, those who leave in a burst.
	Count int `json:"count"`
	// How many at a time.
	Window int `json:"window"`
	// Sessions that take part, from the first; 0 for all.
	Active int `json:"active"`
	// Sessions that share a room.
	RoomSize int `json:"roomSize"`
	// Rounds a second, or joins of fill; 0 for as many as the relay takes.
	Rate float64 `json:"rate"`
	// join, fill, churn: what the sessions offer, and the role that they ask for.
	Offer string `json:"offer"`
	Role  string `json:"role"`
	// fill: so many of the sessions come first, and publish.
	Publishers     int    `json:"publishers"`
	PublisherOffer string `json:"publisherOffer"`
	// fill: from how many joins to how many a cost is read off.
	Stretches []Stretch `json:"stretches"`
	// Whether every client is to have the right count of its room in the end.
	Pictures bool `json:"pictures"`
	// target: what clients and SFU answer, and the SFU offers.
	Answer    string `json:"answer"`
	SfuOffer  string `json:"sfuOffer"`
	SfuAnswer string `json:"sfuAnswer"`
}

// Outcome is what an action came to.
type Outcome struct {
	Count int `json:"count"`
	// Messages that did not arrive, or twice.
	Lost int `json:"lost"`
	// What went wrong first, if anything did.
	Error string `json:"error,omitempty"`
	// Seconds that it took.
	Seconds float64 `json:"seconds"`
	// CPU seconds of the relay's process in that time, and of this one.
	CPU     float64 `json:"cpu"`
	LoadCPU float64 `json:"loadCpu"`
	// Seconds in which the relay was ready and other work had its core.
	Waited float64 `json:"waited"`
	// Milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	// Seconds until every client had the right count of its room.
	Right float64 `json:"right,omitempty"`
	// Clients by the code that their connection was closed with.
	Codes map[int]int `json:"codes,omitempty"`
	// arrive, comeBack: seconds until all were in, since the first was not; what it took.
	Took     float64 `json:"took"`
	Connects int64   `json:"connects"`
	Joins    int64   `json:"joins"`
	Refusals int64   `json:"refusals"`
}

func main() {
	sfu, err := startSFU()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var guard sync.Mutex
	encoder := json.NewEncoder(os.Stdout)
	say := func(value any) {
		guard.Lock()
		defer guard.Unlock()
		_ = encoder.Encode(value)
	}
	say(map[string]string{"sfu": sfu.address})

	crowd := newCrowd(sfu, say)
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var command Command
		if err := json.Unmarshal(input.Bytes(), &command); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		say(crowd.do(command))
	}
}

func (c *crowd) do(command Command) Outcome {
	switch command.Do {
	case "target":
		return c.aim(command)
	case "join":
		return c.measure(command, c.join)
	case "leave":
		return c.measure(command, c.leave)
	case "rounds":
		return c.measure(command, c.rounds)
	case "messages":
		return c.measure(command, c.messages)
	case "arrive":
		return c.measure(command, c.arrive)
	case "comeBack":
		return c.measure(command, c.comeBack)
	case "churn":
		return c.measure(command, c.churn)
	case "idle":
		return c.measure(command, idle)
	case "fill":
		return c.measure(command, c.fill)
	case "burst":
		return c.measure(command, c.burst)
	case "closed":
		return c.measure(command, c.closed)
	case "cut":
		return c.measure(command, c.cut)
	}
	return Outcome{Error: "no such action: " + command.Do}
}

// Nothing for a second: what the relay takes for itself.
func idle(Command) Outcome {
	time.Sleep(time.Second)
	return Outcome{}
}

// Runs an action and adds what it took of the machine.
func (c *crowd) measure(command Command, act func(Command) Outcome) Outcome {
	relayBefore, loadBefore, waitBefore, start := processCPU(c.pid), processCPU(os.Getpid()), processWait(c.pid), time.Now()
	outcome := act(command)
	outcome.Seconds = time.Since(start).Seconds()
	outcome.CPU = (processCPU(c.pid) - relayBefore).Seconds()
	outcome.LoadCPU = (processCPU(os.Getpid()) - loadBefore).Seconds()
	outcome.Waited = (processWait(c.pid) - waitBefore).Seconds()
	return outcome
}
