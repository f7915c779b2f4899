import Koa from 'koa';
import { wsBeside } from './http-transport.js';
import { transportContract } from './transport-contract.js';

transportContract(
  'ws in Koa',
  wsBeside(() => new Koa().callback()),
);
