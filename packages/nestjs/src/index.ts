import '@diskcache/core';

export const placeholder = Symbol('placeholder');
