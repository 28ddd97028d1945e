import type { LabelConfig, MetricConfig, PresetName } from './config.ts';

/** True for records of one of these events, whether `parse` has made an event name of it or not. */
function events(field: string, ...names: readonly string[]): string {
  return `(${names.flatMap((name) => [`event_name == "${name}"`, `${field} == "${name}"`]).join(' or ')})`;
}

const TASK_TYPE: LabelConfig[] = [{ name: 'task_type', attribute: 'task_type' }];
const AGENT_TYPE: LabelConfig[] = [{ name: 'agent_type', attribute: 'agent_type' }];
const TASK_BEGAN = events('attributes["event_type"]', 'task_received');
const TASK_ENDED = events('attributes["event_type"]', 'task_completed', 'task_failed');
const RETRIED = events('attributes["event_type"]', 'transient_error_retry');
const IS_ERROR = `(severity_number >= SEVERITY_NUMBER_ERROR or ${RETRIED})`;

const DISPATCHED = { name: 'tasks_dispatched', type: 'counter', description: 'Tasks dispatched.' } as const;
const ERRORS = { name: 'errors_encountered', type: 'counter', description: 'Errors by type.' } as const;
const LATENCY = { name: 'task_latency', type: 'histogram', unit: 'seconds', description: 'Processing times of tasks.' } as const;
const ACTIVE = { name: 'active_tasks', type: 'gauge', description: 'Tasks that are being worked on.' } as const;

/** Central logging for many agents: metrics out of their events. */
const AGENTS: readonly MetricConfig[] = [
  { ...DISPATCHED, where: TASK_BEGAN, labels: TASK_TYPE },
  {
    ...ERRORS,
    where: `${IS_ERROR} and attributes["exception.type"] != nil`,
    labels: [{ name: 'error_type', attribute: 'exception.type' }],
  },
  {
    ...ERRORS,
    where: `${IS_ERROR} and attributes["exception.type"] == nil and event_name != ""`,
    labels: [{ name: 'error_type', value: 'event_name' }],
  },
  {
    ...ERRORS,
    where: `${IS_ERROR} and attributes["exception.type"] == nil and event_name == ""`,
    labels: [{ name: 'error_type', attribute: 'event_type' }],
  },
  { ...LATENCY, where: TASK_ENDED, attribute: 'duration_seconds', labels: TASK_TYPE },
  {
    ...LATENCY,
    where: `${TASK_ENDED} and attributes["duration_seconds"] == nil`,
    attribute: 'winnow.duration_ms',
    scale: 0.001,
    labels: TASK_TYPE,
  },
  {
    ...LATENCY,
    where: `${TASK_ENDED} and attributes["duration_seconds"] == nil and attributes["winnow.duration_ms"] == nil`,
    attribute: 'duration_ms',
    scale: 0.001,
    labels: TASK_TYPE,
  },
  { ...ACTIVE, where: TASK_BEGAN, operation: 'add', labels: AGENT_TYPE },
  { ...ACTIVE, where: TASK_ENDED, operation: 'subtract', labels: AGENT_TYPE },
];

const STREAM: LabelConfig[] = [{ name: 'stream_id', attribute: 'stream_id' }];
const FAILED_OPERATION: LabelConfig[] = [...STREAM, { name: 'operation_type', attribute: 'operation_type' }];
const CHUNK_UPLOADED = events('body', 'chunk_uploaded');
const STREAM_STARTED = events('body', 'stream_started');
const STREAM_COMPLETED = events('body', 'stream_completed');
const STREAM_FAILED = events('body', 'stream_failed');

const ACTIVE_STREAMS = { name: 'active_streams_gauge', type: 'gauge', description: 'Streams that are being processed.' } as const;

/** Stream processing: the eight metrics of a program that uploads video streams in chunks. */
const STREAMS: readonly MetricConfig[] = [
  {
    name: 'video_chunks_uploaded_total',
    type: 'counter',
    description: 'Video chunks uploaded.',
    where: CHUNK_UPLOADED,
    labels: STREAM,
  },
  {
    name: 'video_bytes_uploaded_total',
    type: 'counter',
    description: 'Bytes uploaded of video streams.',
    where: CHUNK_UPLOADED,
    attribute: 'chunk_size',
    labels: STREAM,
  },
  {
    name: 'video_stream_duration_seconds',
    type: 'histogram',
    description: 'Playing time of processed video streams.',
    unit: 'seconds',
    where: STREAM_COMPLETED,
    attribute: 'duration_seconds',
    labels: STREAM,
    buckets: [5, 10, 30, 60, 120, 300, 600, 1800, 3600],
  },
  {
    name: 'video_processing_time_seconds',
    type: 'histogram',
    description: 'Time from the detection of a video stream to the upload of its metadata.',
    unit: 'seconds',
    where: STREAM_COMPLETED,
    attribute: 'processing_seconds',
    labels: STREAM,
    buckets: [10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
  },
  {
    name: 'video_failed_operations_total',
    type: 'counter',
    description: 'Operations on video streams that failed.',
    where: events('body', 'operation_failed'),
    labels: FAILED_OPERATION,
  },
  { ...ACTIVE_STREAMS, where: STREAM_STARTED, operation: 'add' },
  { ...ACTIVE_STREAMS, where: `(${STREAM_COMPLETED} or ${STREAM_FAILED})`, operation: 'subtract' },
  { name: 'streams_completed_total', type: 'counter', description: 'Streams processed to their end.', where: STREAM_COMPLETED },
  { name: 'streams_failed_total', type: 'counter', description: 'Streams that ended in failure.', where: STREAM_FAILED },
];

export const PRESET_METRICS: Readonly<Record<PresetName, readonly MetricConfig[]>> = { agents: AGENTS, streams: STREAMS };
