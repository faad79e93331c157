export { turnDials } from './dials';
export { target } from '../../../workflows/target/target';
