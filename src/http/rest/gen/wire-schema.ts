// Generated from src/protocol/messages.ts: npm run generate

export const wireSchema: Readonly<Record<string, unknown>> = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "sfu-relay.v1",
  "description": "The messages between browser and relay, one a text frame: JSON-RPC 2.0. Members that a receiver does not know are to be ignored.",
  "anyOf": [
    {
      "$ref": "#/$defs/ClientMessage"
    },
    {
      "$ref": "#/$defs/RelayMessage"
    }
  ],
  "$defs": {
    "ClientMessage": {
      "description": "What a client sends. It may leave `jsonrpc` out.",
      "anyOf": [
        {
          "$ref": "#/$defs/authenticate.request"
        },
        {
          "$ref": "#/$defs/join.request"
        },
        {
          "$ref": "#/$defs/attach.request"
        },
        {
          "$ref": "#/$defs/rejoin.request"
        },
        {
          "$ref": "#/$defs/resume.request"
        },
        {
          "$ref": "#/$defs/offer.request"
        },
        {
          "$ref": "#/$defs/subscribe.request"
        },
        {
          "$ref": "#/$defs/update.request"
        },
        {
          "$ref": "#/$defs/participants.request"
        },
        {
          "$ref": "#/$defs/message.request"
        },
        {
          "$ref": "#/$defs/stats.request"
        },
        {
          "$ref": "#/$defs/moderate.request"
        },
        {
          "$ref": "#/$defs/leave.request"
        },
        {
          "$ref": "#/$defs/ping.request"
        },
        {
          "$ref": "#/$defs/ack.notification"
        },
        {
          "$ref": "#/$defs/answer.notification"
        },
        {
          "$ref": "#/$defs/trickle.notification"
        }
      ]
    },
    "RelayMessage": {
      "description": "What the relay sends.",
      "anyOf": [
        {
          "$ref": "#/$defs/relay.joined"
        },
        {
          "$ref": "#/$defs/relay.ack"
        },
        {
          "$ref": "#/$defs/relay.offer"
        },
        {
          "$ref": "#/$defs/relay.trickle"
        },
        {
          "$ref": "#/$defs/relay.rejoin"
        },
        {
          "$ref": "#/$defs/relay.interrupted"
        },
        {
          "$ref": "#/$defs/relay.participants"
        },
        {
          "$ref": "#/$defs/relay.tracks"
        },
        {
          "$ref": "#/$defs/relay.expiring"
        },
        {
          "$ref": "#/$defs/relay.message"
        },
        {
          "$ref": "#/$defs/relay.grants"
        },
        {
          "$ref": "#/$defs/relay.mute"
        },
        {
          "$ref": "#/$defs/relay.room"
        },
        {
          "$ref": "#/$defs/relay.goaway"
        },
        {
          "$ref": "#/$defs/authenticate.result"
        },
        {
          "$ref": "#/$defs/join.result"
        },
        {
          "$ref": "#/$defs/attach.result"
        },
        {
          "$ref": "#/$defs/rejoin.result"
        },
        {
          "$ref": "#/$defs/resume.result"
        },
        {
          "$ref": "#/$defs/offer.result"
        },
        {
          "$ref": "#/$defs/subscribe.result"
        },
        {
          "$ref": "#/$defs/update.result"
        },
        {
          "$ref": "#/$defs/participants.result"
        },
        {
          "$ref": "#/$defs/message.result"
        },
        {
          "$ref": "#/$defs/stats.result"
        },
        {
          "$ref": "#/$defs/moderate.result"
        },
        {
          "$ref": "#/$defs/leave.result"
        },
        {
          "$ref": "#/$defs/ping.result"
        },
        {
          "$ref": "#/$defs/error"
        }
      ]
    },
    "authenticate.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "authenticate"
        },
        "params": {
          "type": "object",
          "properties": {
            "token": {
              "type": "string"
            }
          },
          "required": [
            "token"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false,
      "description": "The first request if the handshake had no token; later, sends a newer token."
    },
    "authenticate.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "properties": {
            "userId": {
              "type": [
                "string",
                "null"
              ]
            }
          },
          "required": [
            "userId"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "join.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "join"
        },
        "params": {
          "$ref": "#/$defs/JoinParams"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "join.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "attach.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "attach"
        },
        "params": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "sessionToken": {
              "type": "string"
            },
            "capabilities": {
              "type": "array",
              "items": {
                "anyOf": [
                  {
                    "$ref": "#/$defs/Capability"
                  },
                  {
                    "type": "string"
                  }
                ]
              },
              "description": "Unknown capabilities are ignored."
            },
            "lastEventId": {
              "type": "string",
              "description": "The id of the last event of the session's event stream that the client has received."
            }
          },
          "required": [
            "sessionId"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false,
      "description": "Moves a session of the same user to this connection: one that was created over HTTP, or is on another connection. Requires its session token if the application names no user."
    },
    "attach.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "rejoin.request": {
      "description": "As `join`, but the session continues: the others are not notified, and limits of joins do not count it.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "rejoin"
        },
        "params": {
          "type": "object",
          "properties": {
            "peer": {
              "type": "number",
              "description": "The number of the new peer, greater than all earlier ones. The first peer of a session is 1."
            },
            "offer": {
              "$ref": "#/$defs/SessionDescription",
              "description": "The offer of a new publisher connection, with all tracks to publish."
            },
            "renamed": {
              "type": "object",
              "additionalProperties": {
                "type": "string"
              },
              "description": "The new track ids by the old ids of the same tracks: the SFU accepts each id only once."
            }
          },
          "required": [
            "peer",
            "offer"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "rejoin.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/JoinResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "resume.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "resume"
        },
        "params": {
          "$ref": "#/$defs/ResumeParams"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false,
      "description": "The first request of a new connection, after its authentication."
    },
    "resume.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/ResumeResult"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "offer.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "offer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "desc": {
              "$ref": "#/$defs/SessionDescription"
            }
          },
          "required": [
            "desc"
          ]
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "offer.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/SessionDescription"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "subscribe.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "subscribe"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "subscriptions": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Subscription"
              }
            }
          },
          "required": [
            "subscriptions"
          ]
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "subscribe.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "update.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "update"
        },
        "params": {
          "$ref": "#/$defs/ParticipantUpdate"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "update.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "participants.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "participants"
        },
        "params": {
          "$ref": "#/$defs/ParticipantQuery"
        }
      },
      "required": [
        "method",
        "id"
      ],
      "additionalProperties": false
    },
    "participants.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/ParticipantPage"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "message.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "message"
        },
        "params": {
          "$ref": "#/$defs/OutgoingMessage"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "message.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/MessageReceipt"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "stats.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "stats"
        },
        "params": {
          "type": "object",
          "properties": {
            "report": {
              "$ref": "#/$defs/StatsReport"
            }
          },
          "required": [
            "report"
          ],
          "additionalProperties": false
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "stats.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "$ref": "#/$defs/SessionStats"
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "moderate.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "moderate"
        },
        "params": {
          "$ref": "#/$defs/ModerateParams"
        }
      },
      "required": [
        "method",
        "id",
        "params"
      ],
      "additionalProperties": false
    },
    "moderate.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "leave.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "leave"
        },
        "params": {
          "$ref": "#/$defs/PeerParams"
        }
      },
      "required": [
        "method",
        "id"
      ],
      "additionalProperties": false,
      "description": "`peer`: leaves only the peer that a `rejoin` has replaced. `afterMs` of the result: others still receive media from that peer, so it stays; ask again after this time."
    },
    "leave.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "properties": {
            "afterMs": {
              "type": "number"
            }
          },
          "additionalProperties": false
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "ping.request": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "method": {
          "const": "ping"
        },
        "params": {
          "not": {}
        }
      },
      "required": [
        "method",
        "id"
      ],
      "additionalProperties": false
    },
    "ping.result": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number"
          ]
        },
        "result": {
          "type": "object",
          "additionalProperties": {
            "not": {}
          }
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "result"
      ],
      "additionalProperties": false
    },
    "ack.notification": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "ack"
        },
        "params": {
          "$ref": "#/$defs/AckParams"
        }
      },
      "required": [
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "answer.notification": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "answer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "desc": {
              "$ref": "#/$defs/SessionDescription"
            }
          },
          "required": [
            "desc"
          ]
        }
      },
      "required": [
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "trickle.notification": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "trickle"
        },
        "params": {
          "$ref": "#/$defs/TrickleParams"
        }
      },
      "required": [
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.joined": {
      "description": "The first message of an event stream (server-sent events): the result of `join`. `received`: where a WebSocket has served the session before, the number of its client's frames that the relay has received ( {@link  AckParams } ).",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "joined"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "received": {
              "type": "number"
            },
            "type": {
              "type": "string",
              "const": "answer"
            },
            "sdp": {
              "type": "string"
            },
            "sessionId": {
              "type": "string"
            },
            "sessionToken": {
              "type": "string",
              "description": "A secret that proves the ownership of the session, for `attach`, `replaces` and requests over HTTP. Only the result of `join` has it: the relay keeps its hash."
            },
            "capabilities": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Capability"
              },
              "description": "The client's capabilities that the relay uses."
            },
            "resumption": {
              "type": "object",
              "properties": {
                "graceMs": {
                  "type": "number"
                }
              },
              "required": [
                "graceMs"
              ],
              "additionalProperties": false,
              "description": "With the capability `resume`: the time within which the session can be continued on another connection."
            },
            "peer": {
              "type": "number",
              "description": "The number of the session's current peer on the SFU."
            },
            "roomId": {
              "type": "string"
            },
            "userId": {
              "type": "string"
            },
            "role": {
              "$ref": "#/$defs/Role"
            },
            "grants": {
              "$ref": "#/$defs/Grants"
            },
            "muted": {
              "type": "array",
              "items": {
                "type": "string"
              },
              "description": "The ids of this client's tracks that a moderator has muted."
            },
            "locked": {
              "type": "boolean",
              "description": "Whether the room is locked: no new user may join."
            },
            "participants": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Participant"
              },
              "description": "The other listed participants with their tracks, as of `revision`. Those that exceed the length of one message follow as `participants` notifications with the same revision."
            },
            "audience": {
              "$ref": "#/$defs/Audience",
              "description": "The viewers that are not listed, this client among them if it is not."
            },
            "listed": {
              "type": "boolean",
              "description": "Whether this client is listed. A hidden one is neither listed nor counted."
            },
            "revision": {
              "type": "number"
            },
            "iceServers": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/IceServer"
              }
            },
            "maxMessageBytes": {
              "type": "number",
              "description": "The maximum length of a message in bytes; a longer one is refused."
            },
            "messages": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/RoomMessage"
              },
              "description": "The room's history: the newest messages of kinds with a history, and the totals of counted kinds. Newer messages that exceed the length of one message follow as `message` notifications."
            }
          },
          "required": [
            "audience",
            "capabilities",
            "grants",
            "iceServers",
            "listed",
            "locked",
            "maxMessageBytes",
            "messages",
            "muted",
            "participants",
            "peer",
            "revision",
            "role",
            "roomId",
            "sdp",
            "sessionId",
            "type",
            "userId"
          ]
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.ack": {
      "description": "Sent only to clients with the capability `resume`.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "ack"
        },
        "params": {
          "$ref": "#/$defs/AckParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.offer": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "offer"
        },
        "params": {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "peer": {
              "type": "number"
            },
            "type": {
              "type": "string",
              "enum": [
                "offer",
                "answer"
              ]
            },
            "sdp": {
              "type": "string"
            }
          },
          "required": [
            "sdp",
            "type"
          ]
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.trickle": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "trickle"
        },
        "params": {
          "$ref": "#/$defs/TrickleParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.rejoin": {
      "description": "The peer is near a limit, or lost, or its room moves: the client must `rejoin`. Sent only to clients with that capability.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "rejoin"
        },
        "params": {
          "$ref": "#/$defs/RejoinNotice"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.interrupted": {
      "description": "The SFU has lost the peer: the client waits for `rejoin`. Sent only to clients with that capability.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "interrupted"
        },
        "params": {
          "$ref": "#/$defs/InterruptionNotice"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.participants": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "participants"
        },
        "params": {
          "$ref": "#/$defs/ParticipantsEvent"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.tracks": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "tracks"
        },
        "params": {
          "$ref": "#/$defs/TracksEvent"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.expiring": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "expiring"
        },
        "params": {
          "$ref": "#/$defs/ExpiringParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.message": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "message"
        },
        "params": {
          "anyOf": [
            {
              "$ref": "#/$defs/RoomMessage"
            },
            {
              "$ref": "#/$defs/MessageDeletion"
            }
          ]
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.grants": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "grants"
        },
        "params": {
          "$ref": "#/$defs/GrantsParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.mute": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "mute"
        },
        "params": {
          "$ref": "#/$defs/MuteParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.room": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "room"
        },
        "params": {
          "$ref": "#/$defs/RoomParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "relay.goaway": {
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "method": {
          "const": "goaway"
        },
        "params": {
          "$ref": "#/$defs/GoawayParams"
        }
      },
      "required": [
        "jsonrpc",
        "method",
        "params"
      ],
      "additionalProperties": false
    },
    "error": {
      "description": "A request that is refused; its id is null where it could not be read, and for a notification.",
      "type": "object",
      "properties": {
        "jsonrpc": {
          "const": "2.0"
        },
        "id": {
          "type": [
            "string",
            "number",
            "null"
          ]
        },
        "error": {
          "type": "object",
          "properties": {
            "code": {
              "type": "number"
            },
            "message": {
              "type": "string"
            },
            "data": {
              "type": "object",
              "properties": {
                "code": {
                  "type": "string"
                },
                "appCode": {
                  "type": "string",
                  "description": "The application's own code, if it refused the request with one; `code` is then `ERR_RELAY_FORBIDDEN`."
                },
                "retryable": {
                  "type": "boolean",
                  "description": "Whether the same request may succeed later."
                },
                "retryAfterMs": {
                  "type": "number",
                  "description": "ms to wait before the next attempt, if known."
                },
                "method": {
                  "type": "string",
                  "description": "The method of a refused notification; its error has `id: null`."
                },
                "closeCode": {
                  "type": "number",
                  "description": "This error ends the connection: it has `id: null`, and the close frame with this code follows."
                }
              },
              "required": [
                "code",
                "retryable"
              ],
              "additionalProperties": false
            }
          },
          "required": [
            "code",
            "message"
          ],
          "additionalProperties": false,
          "description": "A JSON-RPC error object. `data.code` is stable, `message` is for people."
        }
      },
      "required": [
        "jsonrpc",
        "id",
        "error"
      ],
      "additionalProperties": false
    },
    "JoinParams": {
      "type": "object",
      "properties": {
        "sid": {
          "type": "string",
          "description": "The room."
        },
        "uid": {
          "type": "string",
          "description": "The user id; that of the token takes precedence."
        },
        "offer": {
          "$ref": "#/$defs/SessionDescription"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "config": {
          "type": "object",
          "additionalProperties": {},
          "description": "Flags of ion-sdk-js, `true` or `\"true\"`: `NoPublish`, `NoSubscribe`, `NoAutoSubscribe`. Others are ignored."
        },
        "metadata": {
          "$ref": "#/$defs/Metadata"
        },
        "replaces": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "sessionToken": {
              "type": "string"
            }
          },
          "required": [
            "sessionId",
            "sessionToken"
          ],
          "additionalProperties": false,
          "description": "The session that this client had before it lost its connection. It ends, and the new one replaces it. A session that has ended already is ignored."
        },
        "capabilities": {
          "type": "array",
          "items": {
            "anyOf": [
              {
                "$ref": "#/$defs/Capability"
              },
              {
                "type": "string"
              }
            ]
          },
          "description": "Unknown capabilities are ignored."
        }
      },
      "required": [
        "sid",
        "offer"
      ],
      "additionalProperties": false,
      "description": "`join`, client → relay."
    },
    "SessionDescription": {
      "type": "object",
      "properties": {
        "type": {
          "type": "string",
          "enum": [
            "offer",
            "answer"
          ]
        },
        "sdp": {
          "type": "string"
        }
      },
      "required": [
        "type",
        "sdp"
      ],
      "additionalProperties": false,
      "description": "A session description (W3C `RTCSessionDescriptionInit`)."
    },
    "Role": {
      "type": "string",
      "enum": [
        "publisher",
        "subscriber"
      ],
      "description": "What a participant does in a room; a shorthand for grants. A publisher sends and receives media, a subscriber receives only."
    },
    "Metadata": {
      "type": "object",
      "additionalProperties": {},
      "description": "A participant's metadata for the room: JSON of up to 4 KiB."
    },
    "Capability": {
      "type": "string",
      "enum": [
        "rejoin",
        "resume"
      ],
      "description": "An optional feature of a client. `rejoin`: it can replace its peer on the SFU. `resume`: it can continue a session on another connection."
    },
    "JoinResult": {
      "type": "object",
      "properties": {
        "type": {
          "type": "string",
          "const": "answer"
        },
        "sdp": {
          "type": "string"
        },
        "sessionId": {
          "type": "string"
        },
        "sessionToken": {
          "type": "string",
          "description": "A secret that proves the ownership of the session, for `attach`, `replaces` and requests over HTTP. Only the result of `join` has it: the relay keeps its hash."
        },
        "capabilities": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Capability"
          },
          "description": "The client's capabilities that the relay uses."
        },
        "resumption": {
          "type": "object",
          "properties": {
            "graceMs": {
              "type": "number"
            }
          },
          "required": [
            "graceMs"
          ],
          "additionalProperties": false,
          "description": "With the capability `resume`: the time within which the session can be continued on another connection."
        },
        "peer": {
          "type": "number",
          "description": "The number of the session's current peer on the SFU."
        },
        "roomId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "grants": {
          "$ref": "#/$defs/Grants"
        },
        "muted": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "The ids of this client's tracks that a moderator has muted."
        },
        "locked": {
          "type": "boolean",
          "description": "Whether the room is locked: no new user may join."
        },
        "participants": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "The other listed participants with their tracks, as of `revision`. Those that exceed the length of one message follow as `participants` notifications with the same revision."
        },
        "audience": {
          "$ref": "#/$defs/Audience",
          "description": "The viewers that are not listed, this client among them if it is not."
        },
        "listed": {
          "type": "boolean",
          "description": "Whether this client is listed. A hidden one is neither listed nor counted."
        },
        "revision": {
          "type": "number"
        },
        "iceServers": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/IceServer"
          }
        },
        "maxMessageBytes": {
          "type": "number",
          "description": "The maximum length of a message in bytes; a longer one is refused."
        },
        "messages": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/RoomMessage"
          },
          "description": "The room's history: the newest messages of kinds with a history, and the totals of counted kinds. Newer messages that exceed the length of one message follow as `message` notifications."
        }
      },
      "required": [
        "audience",
        "capabilities",
        "grants",
        "iceServers",
        "listed",
        "locked",
        "maxMessageBytes",
        "messages",
        "muted",
        "participants",
        "peer",
        "revision",
        "role",
        "roomId",
        "sdp",
        "sessionId",
        "type",
        "userId"
      ],
      "additionalProperties": false,
      "description": "The result of `join`: the answer, and the state of the session and the room."
    },
    "Grants": {
      "type": "object",
      "properties": {
        "room": {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "type": "array",
              "items": {
                "type": "string"
              }
            }
          ],
          "description": "The rooms that it may join: a name, a pattern in which `*` matches any characters (`class-*`), or a list of both.",
          "default": "any"
        },
        "canPublish": {
          "type": "boolean",
          "description": "Send audio and video.",
          "default": true
        },
        "canPublishSources": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/TrackSource"
          },
          "description": "The sources that it may send. The relay can only enforce the kind, because a source is the client's own claim: `camera` and `screen_share` are video, `microphone` and `screen_share_audio` are audio.",
          "default": "all"
        },
        "maxTracks": {
          "type": "number",
          "description": "The maximum number of published tracks.",
          "default": 16
        },
        "canSubscribe": {
          "type": "boolean",
          "description": "Receive the others' tracks.",
          "default": true
        },
        "canPublishData": {
          "type": "boolean",
          "description": "Send messages to the room: chat, gifts, likes, and the application's kinds. Ion forwards every data channel that a client opens, so without this grant an offer must not have a section for data channels (`m=application`). ion-sdk-js always has one, so it needs this grant; the client library has none. When the grant is revoked, a session with such a section ends with `ERR_RELAY_REJOIN`. The grant does not cover channels that others open: Ion opens them at each viewer, who can write to them without it. The option `dataChannels: 'refuse'` prevents that, because nobody can open channels then (docs/GUARD.md).",
          "default": true
        },
        "hidden": {
          "type": "boolean",
          "description": "Invisible to the others; can't publish.",
          "default": false
        },
        "roomAdmin": {
          "type": "boolean",
          "description": "Moderate the room: mute, remove and ban others, change their grants, lock and end the room.",
          "default": false
        }
      },
      "additionalProperties": false,
      "description": "The permissions of a participant, with LiveKit's names. An omitted grant has its default."
    },
    "TrackSource": {
      "type": "string",
      "enum": [
        "camera",
        "microphone",
        "screen_share",
        "screen_share_audio"
      ],
      "description": "The source of a track, with LiveKit's names."
    },
    "Participant": {
      "type": "object",
      "properties": {
        "sessionId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "tracks": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Track"
          }
        },
        "metadata": {
          "$ref": "#/$defs/Metadata",
          "description": "The participant's own metadata."
        },
        "connection": {
          "type": "string",
          "enum": [
            "interrupted",
            "restored"
          ],
          "description": "Set once its client has lost its connection: `interrupted`, until it has another one. Its media may go on meanwhile."
        }
      },
      "required": [
        "sessionId",
        "userId",
        "role",
        "tracks"
      ],
      "additionalProperties": false,
      "description": "A session of a room, as the others see it."
    },
    "Track": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string",
          "description": "The MediaStreamTrack's id, from the publisher's `a=msid`."
        },
        "streamId": {
          "type": "string",
          "description": "The MediaStream's id, from the publisher's `a=msid`; equal to `event.streams[0].id` at a subscriber."
        },
        "kind": {
          "type": "string",
          "enum": [
            "audio",
            "video"
          ]
        },
        "layers": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "The RIDs of the simulcast layers (`a=rid:… send`), empty without simulcast."
        },
        "muted": {
          "type": "boolean",
          "description": "Whether its publisher has announced it as muted. It has no effect on media."
        },
        "replacedBy": {
          "type": "string",
          "description": "In the event `removed`: the id of the track that replaces it. Its publisher sends the same media on another connection."
        }
      },
      "required": [
        "trackId",
        "streamId",
        "kind",
        "layers",
        "muted"
      ],
      "additionalProperties": false,
      "description": "A published track of a room."
    },
    "Audience": {
      "type": "object",
      "properties": {
        "count": {
          "type": "number"
        }
      },
      "required": [
        "count"
      ],
      "additionalProperties": false,
      "description": "The viewers of a large room that are counted instead of listed."
    },
    "IceServer": {
      "type": "object",
      "properties": {
        "urls": {
          "anyOf": [
            {
              "type": "string"
            },
            {
              "type": "array",
              "items": {
                "type": "string"
              }
            }
          ]
        },
        "username": {
          "type": "string"
        },
        "credential": {
          "type": "string"
        }
      },
      "required": [
        "urls"
      ],
      "additionalProperties": false,
      "description": "An ICE server (W3C `RTCIceServer`)."
    },
    "RoomMessage": {
      "type": "object",
      "properties": {
        "id": {
          "type": "string",
          "description": "Unique, generated by the relay."
        },
        "kind": {
          "type": "string"
        },
        "data": {},
        "from": {
          "type": "object",
          "properties": {
            "sessionId": {
              "type": "string"
            },
            "userId": {
              "type": "string"
            }
          },
          "required": [
            "sessionId",
            "userId"
          ],
          "additionalProperties": false,
          "description": "Omitted for messages of the server, and for sums of many senders (likes)."
        },
        "to": {
          "type": "string",
          "description": "The receiving user; omitted for messages to the whole room."
        },
        "at": {
          "type": "number",
          "description": "ms since the epoch, by the relay's clock."
        }
      },
      "required": [
        "id",
        "kind",
        "data",
        "at"
      ],
      "additionalProperties": false,
      "description": "A message of a room, the same for all recipients."
    },
    "ResumeParams": {
      "type": "object",
      "properties": {
        "sessionId": {
          "type": "string"
        },
        "sessionToken": {
          "type": "string",
          "description": "The newest one, of `join` or `resume`."
        },
        "received": {
          "type": "number",
          "description": "The number of counted frames that the client has received."
        }
      },
      "required": [
        "sessionId",
        "sessionToken",
        "received"
      ],
      "additionalProperties": false,
      "description": "`resume`, client → relay: continues a session whose connection is lost."
    },
    "ResumeResult": {
      "type": "object",
      "properties": {
        "sessionToken": {
          "type": "string",
          "description": "Replaces the last one."
        },
        "received": {
          "type": "number",
          "description": "The number of counted frames that the relay has received: the client sends again what it has sent after these."
        },
        "sent": {
          "type": "number",
          "description": "The number of the frame before the next one that the relay sends."
        },
        "snapshot": {
          "$ref": "#/$defs/JoinResult",
          "description": "The state of the session and the room, in place of the frames that describe them."
        }
      },
      "required": [
        "sessionToken",
        "received",
        "sent"
      ],
      "additionalProperties": false,
      "description": "The result of `resume`. Without `snapshot`, the frames follow that the client has not received."
    },
    "Subscription": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string"
        },
        "subscribe": {
          "type": "boolean"
        },
        "layer": {
          "type": "string",
          "description": "One of the track's `layers`; omitted without simulcast."
        }
      },
      "required": [
        "trackId",
        "subscribe"
      ],
      "additionalProperties": false,
      "description": "Whether to receive a track."
    },
    "ParticipantUpdate": {
      "type": "object",
      "properties": {
        "metadata": {
          "$ref": "#/$defs/Metadata"
        },
        "tracks": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "trackId": {
                "type": "string"
              },
              "muted": {
                "type": "boolean"
              }
            },
            "required": [
              "trackId",
              "muted"
            ],
            "additionalProperties": false
          },
          "description": "The mute state of its own tracks."
        }
      },
      "additionalProperties": false,
      "description": "Changes of a participant by itself. Omitted members do not change."
    },
    "ParticipantQuery": {
      "type": "object",
      "properties": {
        "cursor": {
          "type": "string",
          "description": "Of the page before.",
          "default": "the beginning"
        },
        "limit": {
          "type": "number",
          "description": "Participants of the page, up to 100; 0 closes the page.",
          "default": 50
        },
        "query": {
          "type": "string",
          "description": "A text that the user id, or a text in the metadata, contains; without regard to case.",
          "default": "all"
        }
      },
      "additionalProperties": false,
      "description": "Which part of a room's participants to get."
    },
    "ParticipantPage": {
      "type": "object",
      "properties": {
        "participants": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "May be shorter than asked for, even empty, where `cursor` says that there are more."
        },
        "cursor": {
          "type": "string",
          "description": "For the next page; left out on the last one."
        },
        "audience": {
          "$ref": "#/$defs/Audience"
        },
        "revision": {
          "type": "number"
        }
      },
      "required": [
        "participants",
        "audience",
        "revision"
      ],
      "additionalProperties": false,
      "description": "Participants of a room, listed and counted ones, in the order in which they joined. Until the next page, or an empty one, their changes come as `page` of `participants` events."
    },
    "OutgoingMessage": {
      "type": "object",
      "properties": {
        "kind": {
          "type": "string",
          "description": "One of the kinds that the relay's option `messages` declares."
        },
        "data": {
          "description": "JSON that is valid for the kind."
        },
        "to": {
          "type": "string",
          "description": "The id of a user: only their sessions in the room receive the message.",
          "default": "everybody in the room, including the sender"
        },
        "id": {
          "type": "string",
          "description": "Chosen by the sender, 1–128 characters: messages with the same id are processed once."
        }
      },
      "required": [
        "kind"
      ],
      "additionalProperties": false,
      "description": "A message to a room."
    },
    "MessageReceipt": {
      "type": "object",
      "properties": {
        "id": {
          "type": "string",
          "description": "The message's id; omitted for messages that are only counted, such as likes."
        },
        "at": {
          "type": "number",
          "description": "ms since the epoch, by the relay's clock."
        }
      },
      "required": [
        "at"
      ],
      "additionalProperties": false,
      "description": "The acknowledgement of a message."
    },
    "StatsReport": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string"
          },
          "type": {
            "type": "string"
          },
          "timestamp": {
            "type": "number"
          }
        },
        "required": [
          "id",
          "type",
          "timestamp"
        ],
        "additionalProperties": {}
      },
      "description": "The result of `getStats()` as a list (W3C webrtc-stats). Types other than `outbound-rtp`, `inbound-rtp`, `remote-inbound-rtp` and `candidate-pair` are ignored."
    },
    "SessionStats": {
      "type": "object",
      "properties": {
        "sessionId": {
          "type": "string"
        },
        "roomId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "role": {
          "$ref": "#/$defs/Role"
        },
        "videoBitrate": {
          "type": [
            "number",
            "null"
          ],
          "description": "bit/s"
        },
        "audioBitrate": {
          "type": [
            "number",
            "null"
          ],
          "description": "bit/s"
        },
        "packetLoss": {
          "type": [
            "number",
            "null"
          ],
          "description": "0–1"
        },
        "jitter": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms"
        },
        "roundTripTime": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms"
        },
        "updatedAt": {
          "type": [
            "number",
            "null"
          ],
          "description": "ms since the epoch, by the relay's clock; null before the first report."
        }
      },
      "required": [
        "sessionId",
        "roomId",
        "userId",
        "role",
        "videoBitrate",
        "audioBitrate",
        "packetLoss",
        "jitter",
        "roundTripTime",
        "updatedAt"
      ],
      "additionalProperties": false,
      "description": "A session's figures, from its client's last two reports. A figure is null if the last report does not have it, and until it is measured: bitrates and the loss of received media need two reports."
    },
    "ModerateParams": {
      "anyOf": [
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "kick"
            },
            "userId": {
              "type": "string"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "ban"
            },
            "userId": {
              "type": "string"
            },
            "durationMs": {
              "type": "number"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "unban"
            },
            "userId": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "userId"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "trackId": {
              "type": "string"
            },
            "action": {
              "type": "string",
              "enum": [
                "mute",
                "unmute"
              ]
            }
          },
          "required": [
            "action",
            "trackId"
          ]
        },
        {
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "userId": {
              "type": "string"
            },
            "kind": {
              "type": "string",
              "enum": [
                "audio",
                "video"
              ]
            },
            "action": {
              "type": "string",
              "enum": [
                "mute",
                "unmute"
              ]
            }
          },
          "required": [
            "action",
            "userId"
          ]
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "enum": [
                "lock",
                "unlock"
              ]
            }
          },
          "required": [
            "action"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "end"
            },
            "reason": {
              "type": "string"
            }
          },
          "required": [
            "action"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "updateGrants"
            },
            "sessionId": {
              "type": "string"
            },
            "grants": {
              "type": "object",
              "properties": {
                "canPublish": {
                  "type": "boolean",
                  "description": "Send audio and video.",
                  "default": true
                },
                "canPublishSources": {
                  "type": "array",
                  "items": {
                    "$ref": "#/$defs/TrackSource"
                  },
                  "description": "The sources that it may send. The relay can only enforce the kind, because a source is the client's own claim: `camera` and `screen_share` are video, `microphone` and `screen_share_audio` are audio.",
                  "default": "all"
                },
                "maxTracks": {
                  "type": "number",
                  "description": "The maximum number of published tracks.",
                  "default": 16
                },
                "canSubscribe": {
                  "type": "boolean",
                  "description": "Receive the others' tracks.",
                  "default": true
                },
                "canPublishData": {
                  "type": "boolean",
                  "description": "Send messages to the room: chat, gifts, likes, and the application's kinds. Ion forwards every data channel that a client opens, so without this grant an offer must not have a section for data channels (`m=application`). ion-sdk-js always has one, so it needs this grant; the client library has none. When the grant is revoked, a session with such a section ends with `ERR_RELAY_REJOIN`. The grant does not cover channels that others open: Ion opens them at each viewer, who can write to them without it. The option `dataChannels: 'refuse'` prevents that, because nobody can open channels then (docs/GUARD.md).",
                  "default": true
                }
              },
              "additionalProperties": false
            }
          },
          "required": [
            "action",
            "sessionId",
            "grants"
          ],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": {
            "action": {
              "type": "string",
              "const": "deleteMessage"
            },
            "messageId": {
              "type": "string"
            }
          },
          "required": [
            "action",
            "messageId"
          ],
          "additionalProperties": false
        }
      ],
      "description": "`moderate`, client → relay: an action of a client with `roomAdmin` in its room."
    },
    "PeerParams": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number"
        }
      },
      "additionalProperties": false,
      "description": "The number of the session's peer on the SFU that a message belongs to.",
      "default": "the current peer"
    },
    "AckParams": {
      "type": "object",
      "properties": {
        "received": {
          "type": "number"
        }
      },
      "required": [
        "received"
      ],
      "additionalProperties": false,
      "description": "`ack`, in both directions: this many counted frames have been received."
    },
    "TrickleParams": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number"
        },
        "target": {
          "$ref": "#/$defs/Target"
        },
        "candidate": {
          "$ref": "#/$defs/IceCandidate"
        }
      },
      "required": [
        "target",
        "candidate"
      ],
      "additionalProperties": false
    },
    "Target": {
      "type": "number",
      "enum": [
        0,
        1
      ],
      "description": "The peer connection that a candidate belongs to: 0 the publisher's, 1 the subscriber's (Ion: `Target`)."
    },
    "IceCandidate": {
      "type": "object",
      "properties": {
        "candidate": {
          "type": "string"
        },
        "sdpMid": {
          "type": [
            "string",
            "null"
          ]
        },
        "sdpMLineIndex": {
          "type": [
            "number",
            "null"
          ]
        },
        "usernameFragment": {
          "type": [
            "string",
            "null"
          ]
        }
      },
      "required": [
        "candidate"
      ],
      "additionalProperties": false,
      "description": "An ICE candidate (W3C `RTCIceCandidateInit`)."
    },
    "RejoinNotice": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number",
          "description": "The number of the peer."
        },
        "afterMs": {
          "type": "number",
          "description": "ms to wait before, so that the clients of a room do not rejoin at the same time."
        },
        "reason": {
          "type": "string"
        }
      },
      "required": [
        "peer",
        "afterMs",
        "reason"
      ],
      "additionalProperties": false,
      "description": "Asks a client to replace its peer on the SFU."
    },
    "InterruptionNotice": {
      "type": "object",
      "properties": {
        "peer": {
          "type": "number",
          "description": "The number of the lost peer."
        },
        "reason": {
          "type": "string",
          "description": "For the client: without addresses."
        }
      },
      "required": [
        "peer",
        "reason"
      ],
      "additionalProperties": false,
      "description": "The SFU has lost a session's peer, and its media has stopped. The session waits for another peer: a  {@link  RejoinNotice }  follows."
    },
    "ParticipantsEvent": {
      "type": "object",
      "properties": {
        "from": {
          "type": "number"
        },
        "revision": {
          "type": "number"
        },
        "joined": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "Listed participants that have come."
        },
        "updated": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "Listed participants whose metadata, role or tracks differ."
        },
        "left": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "The session ids of listed participants that have gone."
        },
        "listed": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Participant"
          },
          "description": "Participants that were counted so far, and are listed from now on."
        },
        "unlisted": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "The session ids of participants that are still there, and are counted from now on."
        },
        "audience": {
          "$ref": "#/$defs/Audience"
        },
        "page": {
          "type": "object",
          "properties": {
            "updated": {
              "type": "array",
              "items": {
                "$ref": "#/$defs/Participant"
              }
            },
            "left": {
              "type": "array",
              "items": {
                "type": "string"
              }
            }
          },
          "additionalProperties": false,
          "description": "Changes of counted participants on the page that this session has asked for."
        }
      },
      "required": [
        "from",
        "revision"
      ],
      "additionalProperties": false,
      "description": "Changes of a room's participants: those after the revision `from`, up to `revision`. Each participant stands as it is at `revision`, so an event that covers changes already known does no harm. What is left out has not changed. An event may name the session that receives it.\n\nIn a large room only some viewers are listed (option `maxListedParticipants`); the others are `audience`."
    },
    "TracksEvent": {
      "type": "object",
      "properties": {
        "revision": {
          "type": "number"
        },
        "state": {
          "type": "string",
          "enum": [
            "added",
            "updated",
            "removed"
          ]
        },
        "sessionId": {
          "type": "string"
        },
        "userId": {
          "type": "string"
        },
        "tracks": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Track"
          }
        }
      },
      "required": [
        "revision",
        "state",
        "sessionId",
        "userId",
        "tracks"
      ],
      "additionalProperties": false,
      "description": "A participant's tracks were added, changed, or removed. `revision` counts the changes of the room."
    },
    "ExpiringParams": {
      "type": "object",
      "properties": {
        "expiresInMs": {
          "type": "number",
          "description": "ms until the token expires."
        }
      },
      "required": [
        "expiresInMs"
      ],
      "additionalProperties": false,
      "description": "`expiring`, relay → client: send another token by `authenticate`; otherwise the connection is closed with 4401."
    },
    "MessageDeletion": {
      "type": "object",
      "properties": {
        "deleted": {
          "type": "string"
        }
      },
      "required": [
        "deleted"
      ],
      "additionalProperties": false,
      "description": "A moderator has deleted the message with this id."
    },
    "GrantsParams": {
      "type": "object",
      "properties": {
        "grants": {
          "$ref": "#/$defs/Grants"
        },
        "role": {
          "$ref": "#/$defs/Role"
        }
      },
      "required": [
        "grants",
        "role"
      ],
      "additionalProperties": false,
      "description": "`grants`, relay → client: this client's grants have changed."
    },
    "MuteParams": {
      "type": "object",
      "properties": {
        "trackId": {
          "type": "string"
        },
        "muted": {
          "type": "boolean"
        }
      },
      "required": [
        "trackId",
        "muted"
      ],
      "additionalProperties": false,
      "description": "`mute`, relay → client: a moderator has muted or unmuted a track of this client."
    },
    "RoomParams": {
      "type": "object",
      "properties": {
        "locked": {
          "type": "boolean"
        }
      },
      "required": [
        "locked"
      ],
      "additionalProperties": false,
      "description": "`room`, relay → client."
    },
    "GoawayParams": {
      "type": "object",
      "properties": {
        "reason": {
          "type": "string"
        },
        "reconnectAfterMs": {
          "type": "number",
          "description": "ms to wait before connecting again."
        }
      },
      "required": [
        "reason",
        "reconnectAfterMs"
      ],
      "additionalProperties": false,
      "description": "`goaway`, relay → client: this relay is going to close the connection. Connect again, to another relay."
    }
  }
};
