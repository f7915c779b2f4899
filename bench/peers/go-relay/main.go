// A relay as a Go backend has it: gorilla/websocket in front, grpc-go behind, and nothing in between. It checks nothing,
// knows nobody and keeps no rooms.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/ion/proto/rtc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  any             `json:"result,omitempty"`
}

type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

type joinParams struct {
	SID   string      `json:"sid"`
	UID   string      `json:"uid"`
	Offer description `json:"offer"`
}

type descriptionParams struct {
	Desc description `json:"desc"`
}

type trickle struct {
	Target    rtc.Target      `json:"target"`
	Candidate json.RawMessage `json:"candidate"`
}

var upgrader = websocket.Upgrader{
	Subprotocols: []string{"sfu-relay.v1"},
	CheckOrigin:  func(*http.Request) bool { return true },
}

// The connections of each room, for messages to all of a room.
var rooms = struct {
	sync.Mutex
	members map[string]map[*client]struct{}
}{members: map[string]map[*client]struct{}{}}

// Connections that are being served.
var serving sync.WaitGroup

type client struct {
	conn   *websocket.Conn
	write  sync.Mutex
	stream rtc.RTC_SignalClient
	room   string
	joinID json.RawMessage
}

func main() {
	sfu := flag.String("sfu", "127.0.0.1:5551", "host:port of the SFU")
	flag.Parse()
	conn, err := grpc.Dial(*sfu, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	service := rtc.NewRTCClient(conn)
	http.HandleFunc("/rtc", func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		serve(service, ws)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go obey()
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}

// Does what it is told, by a line with the name on its standard input.
func obey() {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		switch input.Text() {
		case "memory":
			debug.FreeOSMemory()
			fmt.Println(`{"collected":true}`)
		case "close":
			start := time.Now()
			closeAll()
			fmt.Printf("{\"seconds\":%f}\n", time.Since(start).Seconds())
		default:
			fmt.Println(`{}`)
		}
	}
	os.Exit(0)
}

func closeAll() {
	rooms.Lock()
	var all []*client
	for _, members := range rooms.members {
		for member := range members {
			all = append(all, member)
		}
	}
	rooms.Unlock()
	text := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
	for _, each := range all {
		_ = each.conn.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second))
	}
	serving.Wait()
}

func serve(service rtc.RTCClient, ws *websocket.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &client{conn: ws}
	serving.Add(1)
	defer serving.Done()
	defer func() {
		c.leave()
		cancel()
		ws.Close()
	}()
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return
		}
		if err := c.handle(ctx, service, m); err != nil {
			return
		}
	}
}

func (c *client) handle(ctx context.Context, service rtc.RTCClient, m message) error {
	switch m.Method {
	case "join":
		var p joinParams
		if err := json.Unmarshal(m.Params, &p); err != nil {
			return err
		}
		stream, err := service.Signal(ctx)
		if err != nil {
			return err
		}
		c.stream, c.joinID = stream, m.ID
		c.enter(p.SID)
		go c.forward()
		return stream.Send(&rtc.Request{Payload: &rtc.Request_Join{Join: &rtc.JoinRequest{
			Sid: p.SID, Uid: p.UID,
			Description: &rtc.SessionDescription{Target: rtc.Target_PUBLISHER, Type: p.Offer.Type, Sdp: p.Offer.SDP},
		}}})
	case "trickle":
		var p trickle
		if err := json.Unmarshal(m.Params, &p); err != nil {
			return err
		}
		return c.stream.Send(&rtc.Request{Payload: &rtc.Request_Trickle{
			Trickle: &rtc.Trickle{Target: p.Target, Init: string(p.Candidate)},
		}})
	case "answer":
		var p descriptionParams
		if err := json.Unmarshal(m.Params, &p); err != nil {
			return err
		}
		return c.stream.Send(&rtc.Request{Payload: &rtc.Request_Description{Description: &rtc.SessionDescription{
			Target: rtc.Target_SUBSCRIBER, Type: p.Desc.Type, Sdp: p.Desc.SDP,
		}}})
	case "message":
		c.tellRoom(m.Params)
		return c.send(message{JSONRPC: "2.0", ID: m.ID, Result: struct{}{}})
	case "leave":
		if err := c.stream.CloseSend(); err != nil {
			return err
		}
		return c.send(message{JSONRPC: "2.0", ID: m.ID, Result: struct{}{}})
	}
	return nil
}

// What the SFU says, until it ends the stream.
func (c *client) forward() {
	for {
		reply, err := c.stream.Recv()
		if err != nil {
			return
		}
		switch payload := reply.Payload.(type) {
		case *rtc.Reply_Join:
			d := payload.Join.Description
			err = c.send(message{JSONRPC: "2.0", ID: c.joinID, Result: description{d.Type, d.Sdp}})
		case *rtc.Reply_Description:
			err = c.notify("offer", description{payload.Description.Type, payload.Description.Sdp})
		case *rtc.Reply_Trickle:
			err = c.notify("trickle", trickle{payload.Trickle.Target, json.RawMessage(payload.Trickle.Init)})
		}
		if err != nil {
			return
		}
	}
}

func (c *client) notify(method string, params any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return c.send(message{JSONRPC: "2.0", Method: method, Params: encoded})
}

func (c *client) send(m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.sendText(data)
}

func (c *client) sendText(data []byte) error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.conn.WriteMessage(websocket.TextMessage, data)
}

func (c *client) enter(room string) {
	rooms.Lock()
	defer rooms.Unlock()
	c.room = room
	if rooms.members[room] == nil {
		rooms.members[room] = map[*client]struct{}{}
	}
	rooms.members[room][c] = struct{}{}
}

func (c *client) leave() {
	rooms.Lock()
	defer rooms.Unlock()
	delete(rooms.members[c.room], c)
	if len(rooms.members[c.room]) == 0 {
		delete(rooms.members, c.room)
	}
}

func (c *client) tellRoom(params json.RawMessage) {
	data, err := json.Marshal(message{JSONRPC: "2.0", Method: "message", Params: params})
	if err != nil {
		return
	}
	rooms.Lock()
	members := make([]*client, 0, len(rooms.members[c.room]))
	for member := range rooms.members[c.room] {
		members = append(members, member)
	}
	rooms.Unlock()
	for _, member := range members {
		_ = member.sendText(data)
	}
}
