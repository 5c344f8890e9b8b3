// What `scripts/setup validator` installed, from the folder that the environment names.

import { createRequire } from 'node:module';

const require = createRequire(`${process.env.PORTCULLIS_VALIDATOR}/package.json`);

export const express = require('express');
export const { middleware } = require('express-openapi-validator');
export const RandExp = require('randexp');
