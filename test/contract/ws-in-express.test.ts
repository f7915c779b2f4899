import express from 'express';
import { wsBeside } from './http-transport.js';
import { transportContract } from './transport-contract.js';

transportContract(
  'ws in Express',
  wsBeside(() => express()),
);
